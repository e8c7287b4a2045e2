"""What the page of one report at the desk reads: the report, what was measured, earlier attempts, and the rubric as it stands on its sheet."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.anonymity import names_hidden
from grading.desk.keys import key_of
from grading.desk.marks import NOTHING, Ticks
from grading.desk.order import ORDERS
from grading.desk.table_check import table_check
from grading.desk.where_time_goes import time_bar
from grading.forms.grades import points_of
from grading.grade import Grade
from grading.grade_facts import grade_for, is_visible, items_of, release_of, somebody_of
from grading.models.desk import GradingSheet
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.table import groups_of
from grading.rubric import ZERO, Item, ticked
from grading.selectors.assignments import with_runs
from grading.selectors.desk_line import Line, progress
from grading.selectors.desk_parts import parts_part
from grading.selectors.desk_snippets import snippets_of
from grading.selectors.late_words import late_badge, owner_line

EARLIER = 4  # attempts that the sentence names


def desk_page(visit: Visit, sheet: GradingSheet, line: Line, ticks: Ticks | None = None) -> dict[str, Any]:
    """ticks: what was typed and refused, shown in place of what the sheet holds."""
    assignment, now = sheet.assignment, line.now
    submission = with_runs(Submission.objects.filter(pk=sheet.submission_id), whole=True).get()
    submission.assignment = assignment
    result = _result(submission)
    person = somebody_of(submission)
    grade = grade_for(assignment, person) if person and not sheet.is_blind else None
    items = [item for item in items_of(assignment) if not item.is_withdrawn]
    holder, is_hidden = sheet.held_by(now), names_hidden(visit, assignment) or sheet.is_blind
    may_write = holder is not None and holder.pk == visit.person.pk and sheet.done_at is None
    marks = ticks if ticks is not None else sheet.ticks
    rubric = rubric_part(items, marks, only=line.item)
    return {
        "assignment": assignment, "sheet": sheet, "line": line, "orders": _orders(line, has_names=not is_hidden),
        "progress": progress(line, sheet), "holder": holder, "may_write": may_write, "names_hidden": is_hidden, "hide_names": is_hidden,
        "owner": "" if is_hidden else owner_line(submission),
        "may_look": is_hidden and not sheet.is_blind and visit.role == Role.INSTRUCTOR,
        "submission": submission, "late": late_badge(submission), "seen": _seen(grade),
        "report": next((piece for piece in submission.pieces.all() if piece.kind == "pdf"), None),
        "measured": _measured(result, assignment.device),
        "earlier": earlier_part(submission), "rubric": rubric, "sums": _sums(result, items, marks, grade, only=line.item),
        "next": line.address(line.next_after(sheet.number)), "previous": line.address(line.next_after(sheet.number, -1)),
        "is_released": is_visible(release_of(assignment)), "snippets": snippets_of(visit), "questions": items,
        "nothing": NOTHING, "parts": parts_part(submission, hides_names=is_hidden),
    }  # fmt: skip


def _seen(grade: Grade | None) -> int:
    return grade.seen if grade else 0


def _orders(line: Line, *, has_names: bool) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": said, "chosen": key == line.order}
        for key, said in ORDERS.items()
        if key != "name" or has_names
    ]


def _result(submission: Submission) -> Result | None:
    return next((run.result for run in submission.model_runs if hasattr(run, "result")), None)


def _measured(result: Result | None, device: str) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "lines": [row for group in groups_of(result.lines) for row in group["lines"]],
        "earned": result.earned, "of": result.of, "left_open": result.left_open,
        "time": time_bar(result.report, result.environment, device),
    }  # fmt: skip


def rubric_part(items: list[Item], ticks: Mapping[str, Any], *, only: str = "") -> list[dict[str, Any]]:
    """The items in their order, each option with its key. only: by question, the one item that is shown."""
    rows, place = list[dict[str, Any]](), 0
    for item in items:
        said = ticks.get(item.key)
        options = []
        for option in item.offered:
            options.append(
                {"option": option, "key": key_of(place), "on": isinstance(said, list) and option.key in said,
                 "points": _signed(option.points, is_extra=item.is_extra)}
            )  # fmt: skip
            place += 1
        row = {
            "item": item, "options": options, "is_nothing": said == [] and not item.is_one_of,
            "points": _points(item, said) if said is not None or not item.is_extra else ZERO, "typed": said if isinstance(said, str) else "", "key": "",
        }  # fmt: skip
        if not options:
            row["key"], place = key_of(place), place + 1
        if not only or item.key == only:
            rows.append(row)
    return rows


def _signed(points: Decimal, *, is_extra: bool) -> str:
    """2.00; what takes or comes on top with its sign, a true minus."""
    said = f"{points:+.2f}" if is_extra or points < 0 else f"{points:.2f}"
    return said.replace("-", "\N{MINUS SIGN}")


def _points(item: Item, said: Any) -> Decimal | None:
    """What the item comes to; None while nothing follows."""
    if item.is_ticked:
        found = ticked(item, said) if isinstance(said, list) else None
        return found.points if found else None
    try:
        return points_of(said, item.key) if isinstance(said, str) else None
    except BadInput:
        return None


def _sums(
    result: Result | None, items: list[Item], ticks: Mapping[str, Any], grade: Grade | None, *, only: str = ""
) -> dict[str, Any]:
    """The measured groups as rows of the rubric, what everything comes to, and what lateness does to it. rest: by question, of the items that
    are not shown."""
    groups = [_group(group["name"], group["lines"]) for group in groups_of(result.lines)] if result else []
    lines = {line.kind: line for line in grade.lines} if grade else {}
    settled = lines["benchmark"].points if "benchmark" in lines else None
    if result and settled is not None and settled != result.earned:  # the staff gave what no machine gives
        groups.append({"name": "Left to the staff", "earned": settled - result.earned, "of": result.left_open})
    measured = sum((row["earned"] for row in groups), ZERO)
    each = {item.key: _points(item, ticks.get(item.key)) or ZERO for item in items}
    by_hand = list(each.values())
    core = sum((item.of for item in items if not item.is_extra), ZERO)
    return {
        "groups": groups, "measured": measured, "parts": [part for part in (*(row["earned"] for row in groups), *by_hand) if part],
        "rest": sum((each[key] for key in each if key != only), ZERO) if only else ZERO,
        "total": measured + sum(by_hand, ZERO), "of": grade.of if grade else core + (result.of if result else ZERO),
        "late": lines["late"].title if "late" in lines else "", "by_hand": grade.is_set_by_hand if grade else False,
    }  # fmt: skip


def _group(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    earned, of = (sum((Decimal(row[key]) for row in rows), ZERO) for key in ("earned", "of"))
    return {"name": name, "earned": earned, "of": of}


def earlier_part(submission: Submission) -> dict[str, Any]:
    """Attempts 3, 4, 5: accuracy 85.2, 87.9, 89.4 %; and whether the table that was handed in agrees. Two queries."""
    rows = Submission.objects.filter(assignment=submission.assignment_id).of_owner(submission.owner)
    newest = Result.objects.filter(run__submission__in=rows, run__submission__number__lte=submission.number)
    found: dict[int, Any] = dict(newest.order_by("made_at").values_list("run__submission__number", "metrics"))
    last = sorted(found)[-EARLIER:]
    table = next((piece.data for piece in submission.pieces.all() if piece.kind == "table"), None)
    accuracies = [metrics["accuracy"] for metrics in found.values() if isinstance(metrics.get("accuracy"), float)]
    return {
        "said": _earlier_words(last, found) if len(found) > 1 else "",
        "count": len(found),
        "table": table_check(table, accuracies) if table else None,
    }


SHOWN = (("accuracy", "accuracy", 100.0, "%"), ("latency_ms", "latency", 1.0, "ms"))


def _earlier_words(last: list[int], found: dict[int, dict[str, Any]]) -> str:
    said = []
    for key, word, times, unit in SHOWN:
        values = [found[number].get(key) for number in last]
        if all(isinstance(value, int | float) for value in values):
            shown = ", ".join(numbers.digits(times * value) for value in values if value is not None)
            said.append(f"{word} {shown}{numbers.NARROW}{unit}")
    return f"Attempts {', '.join(map(str, last))}: {'; '.join(said)}." if said else ""
