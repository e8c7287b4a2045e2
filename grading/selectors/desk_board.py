"""The board of the desk: what waits to be graded, who has graded how much and how strictly, and how alike graders are on the same reports."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.desk.marks import of_hand
from grading.desk.order import USUAL
from grading.desk.pace import BINS, Strictness, strictness
from grading.grade_facts import item_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.grades import GradeRelease, RubricItem, grade_path
from grading.rubric import Item
from grading.selectors.desk_line import RELATED, Line, gone_of, progress
from grading.selectors.desk_samples import compared

BAR, HEIGHT = 6, 24  # of the drawing of a distribution, in its own units


def board(visit: Visit, now: datetime, chosen: str = "") -> dict[str, Any]:
    """Nine queries, whatever the number of assignments. chosen: slug of the assignment whose reports are listed one by one."""
    sheets = defaultdict[int, list[GradingSheet]](list)
    for row in GradingSheet.objects.filter(assignment__course=visit.course).select_related(
        *RELATED, "grader", "sample_of__done_by"
    ):
        sheets[row.assignment_id].append(row)
    works = (
        Assignment.objects.of(visit.course)
        .filter(pk__in=sheets)
        .select_related("course")
        .order_by("due_at", "position")
    )
    items, out = _items(sheets), _released(sheets)
    gone = gone_of(visit.course, (one for found in sheets.values() for one in found))
    rows = [
        _row(visit, work, sheets[work.pk], items[work.pk], out.get(work.pk, False), now, chosen, gone) for work in works
    ]
    return {
        "rows": [row for row in rows if row["progress"]["left"]], "finished": [row for row in rows if not row["progress"]["left"]],
        "is_instructor": visit.role == Role.INSTRUCTOR, "chosen": chosen, "bar": BAR, "bins_width": BAR * BINS, "height": HEIGHT,
    }  # fmt: skip


def _items(of: Iterable[int]) -> dict[int, list[Item]]:
    found = defaultdict[int, list[Item]](list)
    for row in RubricItem.objects.filter(assignment__in=of, is_withdrawn=False).prefetch_related("options"):
        found[row.assignment_id].append(item_of(row))
    return found


def _released(of: Iterable[int]) -> dict[int, bool]:
    return {row.assignment_id: row.is_released for row in GradeRelease.objects.filter(assignment__in=of)}


def _row(
    visit: Visit, work: Assignment, sheets: list[GradingSheet], items: list[Item], is_out: bool, now: datetime, chosen: str,
    gone: set[int],
) -> dict[str, Any]:  # fmt: skip
    for one in sheets:
        one.assignment = work
    graded = [one for one in sheets if one.purpose == Purpose.GRADE]
    here = [one for one in graded if one.pk not in gone]
    line = Line(tuple(here), USUAL, "", visit.person.pk, now)
    done = [one for one in graded if one.done_at is not None and one.done_by is not None and one.points is not None]
    of = of_hand(items)
    strict = strictness(((one.done_by.name, one.points) for one in done if one.done_by and one.points is not None), of)
    held = [(one, holder) for one in graded if not one.done_at and (holder := one.held_by(now))]
    return {
        "assignment": work, "progress": progress(line, None), "again": sum(one.is_again and not one.done_at for one in here),
        "graders": [_grader(one) for one in strict], "of": of, "is_released": is_out, "has_rubric": bool(items),
        "held": [{"sheet": one, "by": holder, "is_mine": holder.pk == visit.person.pk} for one, holder in held],
        "gone": len(graded) - len(here), "grades": grade_path(work, "grades"), "samples": compared(visit, sheets),
        "reports": sorted(graded, key=lambda one: one.number) if chosen == work.slug else [],
    }  # fmt: skip


def _grader(one: Strictness) -> dict[str, Any]:
    most = max(one.bins) or 1
    bars = [
        {"x": BAR * n, "y": round(HEIGHT - HEIGHT * count / most, 1), "height": round(HEIGHT * count / most, 1)}
        for n, count in enumerate(one.bins)
    ]
    return {
        "one": one,
        "bars": bars,
        "apart": signed(one.apart),
        "place": round(float(one.mean / one.of) * BAR * BINS, 1),
    }


def signed(value: Decimal) -> str:
    """+0.25, a true minus in front of what is less."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
