"""Answering a regrade request, and deciding on one that was escalated: text, and points that go up, down or stay."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from courseplatform.core import states
from courseplatform.core.errors import BadInput, Conflict, Forbidden, IllegalMove
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.grade_facts import item_of
from grading.models.grades import GradeKind, RubricItem
from grading.models.regrades import REGRADE_MOVES, RegradeMove, RegradeRequest, RegradeStatus
from grading.rubric import Mark
from grading.services.grade_writing import (
    Desk,
    check_points,
    check_seen,
    check_text,
    desk_locked,
    events_add,
    mark_of,
    mark_of_ticks,
)
from grading.services.regrade_news import regrade_tell_students
from grading.services.regrades import check_staff, objection_ends, regrade_move

S = RegradeStatus
OVER = (S.ANSWERED, S.ACCEPTED, S.DECIDED)


@transaction.atomic
def regrade_answer(
    *, visit: Visit, row: RegradeRequest, points: Decimal | None, text: str, seen: int, now: datetime | None = None,
    ticks: Collection[str] | None = None,
) -> None:  # fmt: skip
    """What the item is worth now, and why: for everybody whose work it was.

    Args:
        points: None leaves them as they are. seen: the newest event of the grade that the page showed.
        ticks: keys of the options that are ticked now, from which the points follow; None: none are given.

    Raises:
        Conflict: `stale_grade`, `rubric_changed`, `item_withdrawn`, IllegalMove (somebody else has answered). Forbidden: `staff_only`, `instructor_only`.
        BadInput: `points_out_of_range`, `too_many_decimals`, `tick_exactly_one`, `answer_missing`, `answer_too_long`.
    """
    check_staff(visit)
    if not row.may_answer(visit):
        said = "An instructor has decided on this request, so only an instructor answers it again."
        raise Forbidden(said, code="instructor_only")
    desk, found, said = _checked(row, points, ticks, text, seen)
    now = now or timezone.now()
    by = visit.person.name[:120]
    regrade_move(row, S.ANSWERED, visit, answer=said, answer_points=found.points, answered_by=by, answered_at=now)
    _write(visit, desk, row, found, said)
    regrade_tell_students(row=row, what="was answered", text=said)


@transaction.atomic
def regrade_decide(
    *, visit: Visit, row: RegradeRequest, points: Decimal | None, text: str, seen: int, now: datetime | None = None,
    ticks: Collection[str] | None = None,
) -> None:  # fmt: skip
    """An instructor decides on an escalated request; there is no further step. Raises as `regrade_answer`; Forbidden: `instructor_only`."""
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("An escalated request is decided by an instructor.", code="instructor_only")
    desk, found, said = _checked(row, points, ticks, text, seen)
    now = now or timezone.now()
    by = visit.person.name[:120]
    regrade_move(row, S.DECIDED, visit, decision=said, decision_points=found.points, decided_by=by, decided_at=now)
    _write(visit, desk, row, found, said)
    regrade_tell_students(row=row, what="was decided", text=said)


def _checked(
    row: RegradeRequest, points: Decimal | None, ticks: Collection[str] | None, text: str, seen: int
) -> tuple[Desk, Mark, str]:
    """Behind the lock of the grade: what the item gets, and the text."""
    desk = desk_locked(row.assignment, row.person)
    check_seen(desk, seen)
    said = check_text(text, "answer", "Write the answer; the student reads it beside the points.")
    item = RubricItem.objects.prefetch_related("options").get(pk=row.item_id)  # as it is behind the lock
    if item.is_withdrawn:
        return desk, _unchanged(row, item, points, ticks), said
    if ticks is not None:
        return desk, mark_of_ticks(item_of(item), ticks), said
    held = mark_of(desk.grades[row.person_id], item.key)
    if points is None or points == held.points:
        points, options = held.points, held.options
    else:
        options = ()
    found = check_points(points, item.points, "points")
    if found is None:
        raise BadInput("Say what the item is worth.", code="points_out_of_range", details={"field": "points"})
    return desk, Mark(found, options), said


def _unchanged(row: RegradeRequest, item: RubricItem, points: Decimal | None, ticks: Collection[str] | None) -> Mark:
    """An item that was withdrawn counts no more, so an answer about it says words alone. What it was worth stays in the record.

    Raises Conflict (`item_withdrawn`): points were given as if it stood.
    """
    if ticks is not None or points is not None:
        said = f"{item.title} was withdrawn from the rubric, so it counts no more. Answer in words, or bring it back first."  # fmt: skip
        raise Conflict(said, code="item_withdrawn", details={"field": "points"})
    return Mark(row.points_before)


def _write(visit: Visit, desk: Desk, row: RegradeRequest, mark: Mark, text: str) -> None:
    """A changed item is an event with its cause; one that stays is a note with it, so that the timeline tells both."""
    is_out = RubricItem.objects.filter(pk=row.item_id, is_withdrawn=True).exists()
    differs = [one for one in desk.group.people if not is_out and mark_of(desk.grades[one.pk], row.item.key) != mark]
    same = [one for one in desk.group.people if one not in differs]
    add = {"visit": visit, "desk": desk, "item": row.item, "reason": text, "cause": row}
    events_add(people=differs, kind=GradeKind.REGRADE, points=mark.points, options=mark.options, **add)  # type: ignore[arg-type]
    events_add(people=same, kind=GradeKind.NOTE, **add)  # type: ignore[arg-type]


def regrades_close_due(*, now: datetime | None = None) -> int:
    """Close what was answered, accepted or decided so long ago that nobody objects any more. Returns how many; a sweep calls it."""
    now, done = now or timezone.now(), 0
    old = RegradeRequest.objects.filter(status__in=OVER, answered_at__lt=now - timedelta(days=1))
    for row in old.select_related("assignment__course"):
        if now < objection_ends(row):
            continue
        try:
            states.move(
                row, moves=REGRADE_MOVES, to=S.CLOSED, by="sweep", why="the time to object is over", history=RegradeMove
            )
            done += 1
        except IllegalMove:  # somebody acted meanwhile
            continue
    return done
