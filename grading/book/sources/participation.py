"""Participation, with the credit for a survey and karma points in it: the sum that the page Participation shows, as one piece.

It counts from the first credit that anybody in the course was given: before, nobody could have earned one.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from courseplatform.courses.models import Course
from courseplatform.participation.scheme import Standing, standings
from courseplatform.participation.selectors.standings import course_facts, course_scheme
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY = "participation"


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """One query. The place among the contributors depends on all, so all are read."""
    scheme = course_scheme(course)
    if scheme is None:
        return {}
    facts = course_facts(course)
    found = standings(scheme, facts)
    has_begun = any(own.credits for own in facts.values())
    return {
        person: [_piece(course, person, found.get(person), scheme.cap, has_begun, for_students)] for person in people
    }


def _piece(
    course: Course, person: int, own: Standing | None, cap: Decimal, has_begun: bool, for_students: bool
) -> Piece:
    path = reverse("participation:mine", args=[course.slug])
    if not for_students:
        path = reverse("participation:person", args=[course.slug, person])
    title = str(course.fact("participation", "title", default="Participation"))
    if own is None or not has_begun:
        says = "no credit was given to anybody yet"
        return Piece(KEY, title, None, cap, State.AHEAD, says=says, url=path, source=KEY)
    return Piece(
        KEY, title, own.percent, own.cap, State.GRADED, says=own.sentence, url=path, is_turned_in=own.count > 0, source=KEY
    )  # fmt: skip


PARTICIPATION = Source(KEY, "Part.", "Participation", read, "participation:people")
