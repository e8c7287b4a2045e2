"""What the staff read about the grades of an assignment: the table of the class, and one person's grade to be marked."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.selectors.membership import teams_at
from grading.anonymity import names_hidden, numbers_of
from grading.grade import Grade
from grading.grade_facts import grades_of, group_of, is_visible, items_of, measured_of, release_of
from grading.models.assignments import Assignment
from grading.models.desk import SAMPLES_FROM
from grading.models.grades import GradeKind, grade_path
from grading.rubric import NOTHING, Item, signed
from grading.selectors.annotations import notes_in
from grading.selectors.handed import handed_parts
from grading.selectors.my_grade import measured_part, timeline

ROWS = 100


@dataclass(frozen=True)
class GradeFilter:
    """Filters of the table; they stand in the URL. Unknown values mean no filter."""

    text: str = ""
    state: str = ""
    page: str = "1"

    STATES: ClassVar[dict[str, str]] = {"missing": "to be graded", "complete": "graded"}

    @classmethod
    def of(cls, query: QueryDict) -> "GradeFilter":
        state = query.get("state", "")
        return cls(query.get("q", "")[:120].strip(), state if state in cls.STATES else "", query.get("page", "1")[:6])

    @property
    def query(self) -> str:
        """Without the page."""
        found = QueryDict(mutable=True)
        found.update({key: value for key, value in (("q", self.text), ("state", self.state)) if value})
        return found.urlencode()


def class_page(visit: Visit, assignment: Assignment, chosen: GradeFilter) -> dict[str, Any]:
    """The table, a hundred students at a time. Eight queries, whatever the size of the class."""
    rows = class_rows(visit, assignment)
    release = release_of(assignment)
    shown = [row for row in rows if _fits(row, chosen)]
    page: Page[dict[str, Any]] = Paginator(shown, ROWS).get_page(chosen.page)
    return {
        "assignment": assignment,
        "names_hidden": names_hidden(visit, assignment),
        "items": [item for item in items_of(assignment) if not item.is_withdrawn],
        "has_measured": bool(measured_of(assignment)),
        **_graded_by(rows),
        "page": page,
        "count": len(rows),
        "complete": sum(row["grade"].is_complete for row in rows),
        "open": sum(not row["grade"].is_complete for row in rows),
        "release": release,
        "is_visible": is_visible(release),
        "filters": {"text": chosen.text, "states": _states(chosen)},
        "query": chosen.query,
    }


def _graded_by(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Which machine graded: said once in the head where it is the same for all, else in each cell."""
    found = {row["graded_by"] for row in rows if row["measured"] is not None}
    return {"graded_by": next(iter(found), "") if len(found) == 1 else "", "is_graded_by_mixed": len(found) > 1}


def _states(chosen: GradeFilter) -> list[dict[str, Any]]:
    return [{"value": key, "label": word, "chosen": key == chosen.state} for key, word in GradeFilter.STATES.items()]


def _fits(row: dict[str, Any], chosen: GradeFilter) -> bool:
    texts = (row["who"], row["email"], row["team_name"])
    is_named = not chosen.text or any(chosen.text.casefold() in text.casefold() for text in texts)
    return is_named and chosen.state in ("", "complete" if row["grade"].is_complete else "missing")


def class_rows(visit: Visit, assignment: Assignment) -> list[dict[str, Any]]:
    """Every active student with grade and team, by name."""
    enrolled = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True)
    people = [row.person for row in enrolled.select_related("person").order_by("person__name", "person__pk")]
    grades = grades_of(assignment, {person.pk for person in people})
    teams = {} if assignment.is_individual else teams_at(visit.course)
    rows = [_row(assignment, person, grades[person.pk], teams.get(person.pk)) for person in people]
    return _without_names(visit, assignment, rows) if names_hidden(visit, assignment) else rows


def _without_names(visit: Visit, assignment: Assignment, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By the number of the report, each with the way to the desk. Who handed nothing in has no number, and comes last."""
    numbers, last = numbers_of(visit, assignment), len(rows) + SAMPLES_FROM
    for row in rows:
        team = row["team"]
        number = (numbers.get(("team", team.pk)) if team else None) or numbers.get(("person", row["person"].pk), last)
        url = grade_path(assignment, "desk_report", sheet_number=number) if number < last else ""
        name = f"Report {number}" if number < last else "No report"
        row |= {"who": name, "email": "", "team_name": "", "url": url, "number": number, "person": None, "team": None}
    return sorted(rows, key=lambda row: (row["number"], row["grade"].points or 0))


def _row(assignment: Assignment, person: User, grade: Grade, team: Any) -> dict[str, Any]:
    parts = {line.kind: line.points for line in grade.lines if line.kind != "rubric"}
    return {
        "graded_by": grade.graded_by,
        "who": person.name, "email": person.email, "team_name": team.name if team else "",
        "person": person, "team": team, "grade": grade, "badge": grade_badge(grade), "measured": parts.get("benchmark"),
        "marks": [line.points for line in grade.lines if line.kind == "rubric"], "late": parts.get("late"),
        "url": grade_path(assignment, "grades_person", person=person.pk),
    }  # fmt: skip


def grade_badge(grade: Grade) -> Badge:
    if grade.is_set_by_hand:
        return Badge("neutral", "info", "set by hand")
    if grade.is_complete:
        return Badge("good", "check", "graded")
    if grade.missing and grade.points is not None:
        return Badge("warn", "clock", f"{len(grade.missing)} open")
    return Badge("neutral", "clock", "not graded")


def csv_table(visit: Visit, assignment: Assignment) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows of the whole class."""
    items = [item for item in items_of(assignment) if not item.is_withdrawn]
    has_measured = bool(measured_of(assignment))
    heads = [
        "Person",
        "E-mail",
        "Team",
        *(["Measured", "Graded by"] if has_measured else []),
        *[item.title for item in items],
    ]
    rows = [_csv_row(row, has_measured=has_measured) for row in class_rows(visit, assignment)]
    return [*heads, "Late", "Points", "Of", "State"], rows


def _csv_row(row: dict[str, Any], *, has_measured: bool) -> list[Any]:
    def said(points: Decimal | None) -> Any:
        return "" if points is None else points

    return [
        row["who"], row["email"], row["team_name"],
        *([said(row["measured"]), row["graded_by"]] if has_measured else []), *map(said, row["marks"]), said(row["late"]), said(row["grade"].points),
        row["grade"].of, row["badge"].word,
    ]  # fmt: skip


def student_get(visit: Visit, pk: int) -> User:
    """A student of this course, also one who left. Raises NotHere."""
    named = User.objects.filter(pk=pk)  # a key that no database holds is nobody's, which a foreign key would not know
    rows = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, person__in=named)
    found = rows.select_related("person").first()
    if found is None:
        raise NotHere("There is no such student in this course.")
    return found.person


def person_page(visit: Visit, assignment: Assignment, person: User) -> dict[str, Any]:
    """One student's grade as the staff mark it. `seen`: the newest event of anybody in the group, for the form."""
    group = group_of(assignment, person)
    grades = grades_of(assignment, {one.pk for one in group.people} | {person.pk})
    grade, release = grades[person.pk], release_of(assignment)
    return {
        "assignment": assignment,
        "person": person,
        "group": group,
        "others": [one for one in group.people if one.pk != person.pk],
        "grade": grade,
        "badge": grade_badge(grade),
        "seen": max(grades[one.pk].seen for one in group.people),
        "lines": grade.lines,
        "measured": measured_part(assignment, person),
        "timeline": timeline(grade),
        "is_visible": is_visible(release),
        "back": grade_path(assignment, "grades"),
        "submission": group.submission,
        "handed": handed_parts(group.submission) if group.submission else [],
        "noted": notes_in(group.submission),
    }


def mark_fields(
    grade: Grade, items: Sequence[Item], typed: dict[str, str], ticked: Callable[[str], list[str]]
) -> list[dict[str, Any]]:
    """The fields of the rubric: what is worth now, what was typed or ticked, and where the two were set by two people.

    A field that its sender left alone shows what is worth now; one that was changed keeps what was typed. ticked: key of an item -> what
    was ticked in it.
    """
    last = {step.event.item: step.event for step in grade.timeline if step.event.kind != GradeKind.NOTE}
    return [
        _ticks(grade, item, typed, ticked(item.key), last.get(item.key)) if item.is_ticked else _field(grade, item, typed, last.get(item.key))
        for item in items
        if not item.is_withdrawn
    ]  # fmt: skip


def _field(grade: Grade, item: Item, typed: dict[str, str], event: Any) -> dict[str, Any]:
    points = grade.points_of(item.key)
    now = "" if points is None else f"{points:.2f}"
    sent, was = typed.get(f"points-{item.key}", now), typed.get(f"was-{item.key}", now)
    is_changed = sent.strip() != was
    return {
        "item": item, "now": now, "value": sent if is_changed else now, "event": event,
        "is_contested": is_changed and now != was and sent.strip() != now,
    }  # fmt: skip


def _ticks(grade: Grade, item: Item, typed: dict[str, str], sent: list[str], event: Any) -> dict[str, Any]:
    """The options of an item as they are ticked now, or as they were sent where the sender changed them."""
    line, name = grade.line_of(item.key), f"ticks-{item.key}"
    points = line.points if line else None
    now = ticks_of(item, points, line.options if line else ())
    was = set(typed[name].split()) if name in typed else now
    is_changed = name in typed and set(sent) != was
    shown = set(sent) if is_changed else now
    return {
        "item": item, "now": "" if points is None else f"{points:.2f}", "event": event, "was": " ".join(sorted(now)),
        "options": [{"option": one, "points": signed(one.points), "is_ticked": one.key in shown} for one in item.offered],
        "is_nothing": NOTHING in shown, "is_open": not shown,
        # Points that somebody gave as a number, with no tick behind them.
        "by_number": points is not None and not now,
        "is_contested": is_changed and now != was and set(sent) != now,
    }  # fmt: skip


def ticks_of(item: Item, points: Decimal | None, keys: Collection[str]) -> set[str]:
    """What a page shows as ticked for a mark; `NOTHING` for an item that was graded without a tick."""
    found = {option.key for option in item.offered if option.key in keys}
    return found or ({NOTHING} if points == 0 and not item.is_one_of else set())
