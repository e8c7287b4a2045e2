"""Course grades as the API and a person's export say them: the same standing as the pages, in plain values."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from grading.book.pieces import pieces_of
from grading.book.scheme import has_scheme, scheme_of
from grading.gradebook import Line, Scheme, Standing, shown, standing_of
from grading.selectors.release_spread import spread_json, spreads_of


def my_standing(visit: Visit, now: datetime) -> dict[str, Any]:
    """What is released of the one who asks; of the staff, who have no grades, nothing."""
    if visit.is_staff:
        return _document(Scheme(()), standing_of(Scheme(()), {}), for_students=True) | {"person": visit.person.email}
    found = _standings(visit.course, [visit.person.pk], now, for_students=True)[visit.person.pk]
    lines = [line for part in found["parts"] for line in part["lines"]]
    spreads = spreads_of(visit.course, {line["key"] for line in lines}, visit.person.pk)
    for line in lines:
        line["statistics"] = spread_json(spreads[line["key"]]) if line["key"] in spreads else None
    return found | {"person": visit.person.email}


def standings_add(visit: Visit, rows: list[Enrolment], now: datetime) -> None:
    """What the staff know of these students, put onto each row as `standing`. A bounded number of queries for a page of them."""
    found = _standings(visit.course, [row.person_id for row in rows], now, for_students=False)
    for row in rows:
        row.standing = found[row.person_id] | {"person": row.person.email}  # type: ignore[attr-defined]


def standings_exported(person: User, now: datetime) -> list[dict[str, Any]]:
    """Of every course that states a scheme, as this person sees it there."""
    rows = Enrolment.objects.filter(person=person, role=Role.STUDENT, course__is_published=True).select_related(
        "course"
    )
    return [
        {"course": row.course.slug} | _standings(row.course, [person.pk], now, for_students=True)[person.pk]
        for row in rows.order_by("pk")
        if has_scheme(row.course)
    ]


def _standings(
    course: Course, people: Collection[int], now: datetime, *, for_students: bool
) -> dict[int, dict[str, Any]]:
    scheme = scheme_of(course)
    pieces = pieces_of(course, people, now, for_students=for_students)
    return {
        person: _document(scheme, standing_of(scheme, found), for_students=for_students)
        for person, found in pieces.items()
    }


def _document(scheme: Scheme, standing: Standing, *, for_students: bool) -> dict[str, Any]:
    return {
        "earned": shown(standing.earned), "so_far": shown(standing.so_far),
        "percent": None if standing.percent is None else shown(standing.percent),
        "letter": standing.letter if scheme.are_letters_shown or not for_students else "",
        "parts": [
            {
                "key": part.component.key, "title": part.component.title, "percent": shown(part.component.percent),
                "is_bonus": part.component.is_bonus, "earned": shown(part.earned), "so_far": shown(part.so_far), "says": part.says,
                "lines": [_line(line) for line in part.lines],
            }
            for part in standing.parts
        ],
        "passes": [
            {"turned_in": one.have, "needed": one.condition.turned_in, "ahead": one.ahead, "is_met": one.holds, "is_lost": one.is_lost}
            for one in standing.passes
        ],
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    piece = line.piece
    return {
        "key": piece.key, "title": piece.title, "state": str(piece.state), "points": piece.points, "of": piece.of,
        "weight": shown(line.weight), "percent": None if line.percent is None else shown(line.percent), "is_dropped": line.is_dropped,
        "says": piece.says, "arithmetic": line.arithmetic, "page": piece.url, "statistics": None,
    }  # fmt: skip
