"""Presentations of papers: one piece for each slot in which somebody presents, worth what the staff gave there."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Course
from courseplatform.seminar.models.slots import Duty, Score, SlotPerson
from courseplatform.seminar.people import day_words
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY = "presentations"
USUAL = Decimal(10)  # what a presentation is worth where the course file names nothing and nobody has scored yet


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """One query. Points count for students once they are released; who has no slot yet has one ahead, until the course has ended."""
    found: dict[int, list[Piece]] = {person: [] for person in people}
    rows = HELD_BY_ONE(course=course.pk, person=next(iter(people))) if len(people) == 1 else _held(course.pk)
    for row in rows:
        if row.person_id in found:
            row.slot.session.course = course
            given = Given(*(getattr(row, name) for name in Given._fields))
            found[row.person_id].append(_piece(row, None if given.points is None else given, now, for_students))
    nothing = [_none(course, now)]
    return {person: pieces or nothing for person, pieces in found.items()}


class Given(NamedTuple):
    """What the staff gave for a presentation, as Score keeps it."""

    points: Decimal
    out_of: Decimal
    released_at: datetime | None


def _held(course: int, **whose: int) -> QuerySet[SlotPerson]:
    score = Score.objects.filter(slot=OuterRef("slot"), person=OuterRef("person"))
    held = SlotPerson.objects.filter(slot__session__course=course, slot__is_withdrawn=False, role=Duty.PRESENTER)
    rows = held.filter(**whose).annotate(**{name: Subquery(score.values(name)[:1]) for name in Given._fields})
    return rows.select_related("slot__session", "slot__paper").order_by("slot__session__held_on", "slot__position")


HELD_BY_ONE = Prepared(lambda course, person: _held(course, person=person), course=int, person=int)


def _piece(row: SlotPerson, score: Given | None, now: datetime, for_students: bool) -> Piece:
    slot, is_hidden = row.slot, score is not None and for_students and score.released_at is None
    key, title, path = f"{KEY}-{slot.pk}", f"Presentation: {slot.short}", slot.get_absolute_url()
    of = score.out_of if score and not is_hidden else _worth(slot.session.course)
    if score is not None and not is_hidden:
        says = "" if score.released_at else "not released"
        return Piece(key, title, score.points, of, State.GRADED, None, says, path, is_turned_in=True, source=KEY)
    if slot.is_over(now):
        says = "held, no points released yet"
        return Piece(key, title, None, of, State.GRADING, None, says, path, is_turned_in=True, source=KEY)
    return Piece(key, title, None, of, State.AHEAD, None, day_words(slot.session.held_on), path, source=KEY)


def _none(course: Course, now: datetime) -> Piece:
    has_ended = course.ends_on is not None and course.ends_on < now.astimezone(course.tz).date()
    state, says = (State.MISSING, "never presented") if has_ended else (State.AHEAD, "no date yet")
    path = reverse("seminar:list", args=[course.slug])
    return Piece(KEY, "Presentation", None, _worth(course), state, None, says, path, source=KEY)


def _worth(course: Course) -> Decimal:
    points = course.fact("presentations", "points")
    return USUAL if points is None else Decimal(str(points))


PRESENTATIONS = Source(KEY, "Pres.", "Paper presentations", read, "seminar:list")
