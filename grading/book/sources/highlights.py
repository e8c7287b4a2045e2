"""Lecture highlights: a published one is worth all, one that is overdue and not handed in nothing."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from courseplatform.courses.models import Course
from courseplatform.seminar.models.highlights import Highlight, HighlightPerson
from courseplatform.seminar.people import day_words
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY, ONE = "highlights", Decimal(1)
Status = Highlight.Status


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """One query."""
    rows = HighlightPerson.objects.filter(highlight__session__course=course, person__in=people)
    kept = rows.exclude(highlight__status=Status.CANCELLED).select_related("highlight__session")
    found: dict[int, list[Piece]] = {}
    for row in kept.order_by("highlight__session__held_on", "pk"):
        row.highlight.session.course = course
        found.setdefault(row.person_id, []).append(_piece(row.highlight, now))
    return found


def _piece(row: Highlight, now: datetime) -> Piece:
    state, points, says = _standing(row, now)
    return Piece(
        f"{KEY}-{row.pk}", f"Highlight of {row.session.title}", points, ONE, state, None, says, row.get_absolute_url(),
        is_turned_in=row.status in (Status.SUBMITTED, Status.PUBLISHED), source=KEY,
    )  # fmt: skip


def _standing(row: Highlight, now: datetime) -> tuple[State, Decimal | None, str]:
    if row.status == Status.PUBLISHED:
        return State.GRADED, ONE, "published"
    if row.status == Status.SUBMITTED:
        return State.GRADING, None, "handed in, not published yet"
    due = row.due_at
    if due is not None and due < now:
        return (
            State.MISSING,
            None,
            "returned for changes, overdue" if row.status == Status.RETURNED else "not handed in",
        )
    return State.AHEAD, None, f"due {day_words(due.date() if due else None)}"


HIGHLIGHTS = Source(KEY, "High.", "Lecture highlights", read, "seminar:highlights")
