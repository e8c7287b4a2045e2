"""Grading by hand: marks for the items of a rubric, the whole set by hand, and notes."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from grading.grade_facts import item_of, who_see
from grading.models.assignments import Assignment
from grading.models.grades import GradeKind, RubricItem
from grading.rubric import Mark
from grading.services.grade_rows import grades_now_write
from grading.services.grade_writing import (
    MOST,
    Desk,
    check_points,
    check_seen,
    check_text,
    desk_locked,
    events_add,
    events_write,
    grade_changed_tell,
    mark_of,
    mark_of_ticks,
)

SAY_WHY = "Say why: students see these grades already, and the reason stands beside the change."


@transaction.atomic
def grade_give(
    *, visit: Visit, assignment: Assignment, person: User, seen: int, marks: Mapping[str, Decimal | None] | None = None,
    ticks: Mapping[str, Collection[str]] | None = None, reason: str = "", note: str = "",
) -> int:  # fmt: skip
    """Points for items of the rubric, for everybody who was in the team at the judged hand-in. Returns how many events it wrote.

    Args:
        marks: key of an item -> points; None takes a mark away. Only what differs is written.
        ticks: key of an item -> keys of the options that are ticked in it; the points follow from the rubric as it is now.
        seen: the newest event that the page showed. reason: required once students see the grades. note: words to the student.

    Raises:
        Conflict: `stale_grade`, `rubric_changed`. BadInput: `no_such_item`, `tick_exactly_one`, `points_out_of_range`, `too_many_decimals`,
        `reason_missing`, `reason_too_long`, `nothing_changed`.
    """
    desk = desk_locked(assignment, person)
    check_seen(desk, seen)
    rows = RubricItem.objects.filter(assignment=assignment, is_withdrawn=False).prefetch_related("options")
    items = {row.key: row for row in rows}
    given = _checked(marks or {}, items) | _from_ticks(ticks or {}, items)
    changes = [
        (items[key], mark, people)
        for key, mark in given.items()
        if (people := [one for one in desk.group.people if mark_of(desk.grades[one.pk], key) != mark])
    ]
    if not changes and not note.strip():
        raise BadInput("Nothing was changed.", code="nothing_changed")
    said = _reason(desk, reason, needed=bool(changes))
    for item, mark, people in changes:
        events_write(visit=visit, desk=desk, people=people, kind=GradeKind.RUBRIC, item=item, points=mark.points,
                     options=mark.options, reason=said)  # fmt: skip
    if note.strip():
        text = check_text(note, "note", "Write the note.")
        events_write(visit=visit, desk=desk, people=desk.group.people, kind=GradeKind.NOTE, reason=text)
    grades_now_write(assignment, [one.pk for one in desk.group.people])
    concerned = {one.pk: one for _, _, people in changes for one in people}
    grade_changed_tell(
        desk=desk, people=desk.group.people if note.strip() else [*concerned.values()], text=escaped(said)
    )
    return sum(len(people) for _, _, people in changes) + (len(desk.group.people) if note.strip() else 0)


def _checked(marks: Mapping[str, Decimal | None], items: Mapping[str, RubricItem]) -> dict[str, Mark]:
    _check_known(marks, items)
    return {key: Mark(check_points(points, items[key].points, f"points-{key}")) for key, points in marks.items()}


def _check_known(keys: Collection[str], items: Mapping[str, RubricItem]) -> None:
    unknown = [key for key in keys if key not in items]
    if unknown:
        raise BadInput("The rubric has changed. Reload the page.", code="no_such_item", details={"field": unknown[0]})


def _from_ticks(ticks: Mapping[str, Collection[str]], items: Mapping[str, RubricItem]) -> dict[str, Mark]:
    """The options in the order of the rubric, so that equal ticks are equal marks."""
    _check_known(ticks, items)
    return {key: mark_of_ticks(item_of(items[key]), keys) for key, keys in ticks.items()}


def _reason(desk: Desk, reason: str, *, needed: bool) -> str:
    """Asked for where one of them sees the grade already."""
    if reason.strip() or (needed and who_see(desk.assignment, {one.pk for one in desk.group.people})):
        return check_text(reason, "reason", SAY_WHY)
    return ""


@transaction.atomic
def grade_override(
    *, visit: Visit, assignment: Assignment, person: User, points: Decimal | None, reason: str, seen: int,
    is_for_one: bool = False,
) -> None:  # fmt: skip
    """Set the whole grade by hand, lateness included; None lifts it again.

    is_for_one: for this person alone, also where the work was a team's.

    Raises Conflict: `stale_grade`; BadInput: `points_out_of_range`, `too_many_decimals`, `reason_missing`, `reason_too_long`, `nothing_changed`.
    """
    desk = desk_locked(assignment, person)
    check_seen(desk, seen)
    said = check_text(reason, "reason", "Say why the grade is set by hand; the student reads it.")
    found, people = check_points(points, MOST, "points"), [person] if is_for_one else list(desk.group.people)
    if found is None and not any(desk.grades[one.pk].is_set_by_hand for one in people):
        raise BadInput("No grade is set by hand here.", code="nothing_changed", details={"field": "points"})
    events_add(visit=visit, desk=desk, people=people, kind=GradeKind.OVERRIDE, points=found, reason=said)
    grade_changed_tell(desk=desk, people=people, text=escaped(said))
