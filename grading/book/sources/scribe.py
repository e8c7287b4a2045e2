"""Scribe notes: approved as complete and accurate they are worth all, approved without full credit a half, never handed in nothing."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from courseplatform.courses.models import Course
from courseplatform.scribe.models.duties import ScribeDuty, ScribeMember, Status
from courseplatform.seminar.people import day_words
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY, ONE, HALF = "scribe", Decimal(1), Decimal("0.5")


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """One query."""
    rows = ScribeMember.objects.filter(duty__course=course, duty__is_example=False, person__in=people)
    found: dict[int, list[Piece]] = {}
    for row in rows.select_related("duty__session").defer("duty__text").order_by("duty__session__held_on", "pk"):
        row.duty.course = row.duty.session.course = course
        found.setdefault(row.person_id, []).append(_piece(row.duty, now))
    return found


def _piece(duty: ScribeDuty, now: datetime) -> Piece:
    state, points, says = _standing(duty, now)
    return Piece(
        f"{KEY}-{duty.pk}", f"Notes of {duty.session.title}", points, ONE, state, None, says, duty.get_absolute_url(),
        is_turned_in=duty.status != Status.DRAFT, source=KEY,
    )  # fmt: skip


def _standing(duty: ScribeDuty, now: datetime) -> tuple[State, Decimal | None, str]:
    if duty.status in (Status.APPROVED, Status.PUBLISHED):
        says = "approved with full credit" if duty.has_full_credit else "approved without full credit: half"
        return State.GRADED, ONE if duty.has_full_credit else HALF, says
    if duty.status != Status.DRAFT:
        return State.GRADING, None, Status(duty.status).label
    due = duty.due_at
    if due is not None and due < now:
        return State.MISSING, None, "not handed in"
    return State.AHEAD, None, f"due {day_words(duty.due_day)}"


SCRIBE = Source(KEY, "Scribe", "Scribe notes", read, "scribe:index")
