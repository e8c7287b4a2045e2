"""Participation, with the credit for a survey and karma points in it: the sum that the page Participation shows, as one piece.

It counts from the first credit that anybody in the course was given: before, nobody could have earned one.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from courseplatform.courses.models import Course
from courseplatform.participation.scheme import Standing
from courseplatform.participation.selectors.standings import course_scheme, participation_of
from grading.book.sources.base import Source
from grading.gradebook import Piece, State

KEY, NOBODY = "participation", 0


def read(course: Course, people: Collection[int], now: datetime, for_students: bool) -> dict[int, list[Piece]]:
    """At most one query. The place among the contributors depends on all, so all are read."""
    scheme = course_scheme(course)
    if scheme is None:
        return {}
    found, has_begun = participation_of(course)
    title = str(course.fact("participation", "title", default="Participation"))
    # One address is made for all: five hundred of them take longer than all the sums of a class.
    base = reverse("participation:person", args=[course.slug, NOBODY]).removesuffix(f"{NOBODY}/")
    mine = reverse("participation:mine", args=[course.slug])
    return {
        person: [_piece(title, mine if for_students else f"{base}{person}/", found.get(person), scheme.cap, has_begun)]
        for person in people
    }


def _piece(title: str, path: str, own: Standing | None, cap: Decimal, has_begun: bool) -> Piece:
    if own is None or not has_begun:
        says = "no credit was given to anybody yet"
        return Piece(KEY, title, None, cap, State.AHEAD, says=says, url=path, source=KEY)
    return Piece(
        KEY, title, own.percent, own.cap, State.GRADED, says=own.sentence, url=path, is_turned_in=own.count > 0, source=KEY
    )  # fmt: skip


PARTICIPATION = Source(KEY, "Part.", "Participation", read, "participation:people")
