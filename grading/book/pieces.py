"""From rows to pieces of the course grade: assignments, and what enters by itself from the rooms below.

Nothing is copied: whoever asks gets what the rows say now, each piece with the page of its cause.
"""

from collections.abc import Collection
from datetime import datetime

from courseplatform.courses.models import Course
from grading.book.columns import OUTSIDE, TO_COME
from grading.book.scheme import scheme_of
from grading.book.sources.all import SOURCES
from grading.book.work import WorkRows, piece_of, work_rows
from grading.gradebook import Component, Piece, Scheme, State

Pieces = dict[int, dict[str, list[Piece]]]


def pieces_of(course: Course, people: Collection[int], now: datetime, *, for_students: bool) -> Pieces:
    """Person -> key of a component -> its pieces.

    for_students: what is not released has no points, and is `grading`. The key `""` holds what stands outside the grade.
    """
    return pieces_of_rows(course, scheme_of(course), work_rows(course, people), people, now, for_students=for_students)


def pieces_of_rows(
    course: Course, scheme: Scheme, rows: WorkRows, people: Collection[int], now: datetime, *, for_students: bool
) -> Pieces:
    """The same for whoever has read the rows of the work already."""
    entered = entered_of(course, scheme, rows, people, now, for_students=for_students)
    found: Pieces = {}
    for person in people:
        found[person] = work_of(scheme, rows, person, now, for_students=for_students)
        for key, pieces in entered[person].items():
            found[person][key] += pieces
    return found


def entered_of(
    course: Course, scheme: Scheme, rows: WorkRows, people: Collection[int], now: datetime, *, for_students: bool
) -> Pieces:
    """What enters by itself, by person and component; and what stands in the scheme and nothing feeds yet."""
    found: Pieces = {person: {component.key: [] for component in scheme.components} for person in people}
    slugs = {item.slug for item in rows.items}
    for component in scheme.components:
        for source in component.sources:
            for person, pieces in SOURCES[source].read(course, people, now, for_students).items():
                found[person][component.key] += pieces
        if not slugs.intersection(component.work):
            nothing = [_to_come(component)]
            for own in found.values():
                own[component.key] = own[component.key] or nothing
    return found


def _to_come(component: Component) -> Piece:
    """What the scheme names and nothing feeds yet: its weight is there, and what if it were graded can be asked."""
    return Piece(
        component.key, component.title, None, component.percent, State.AHEAD, says="not announced yet", source=TO_COME
    )


def work_of(
    scheme: Scheme, rows: WorkRows, person: int, now: datetime, *, for_students: bool
) -> dict[str, list[Piece]]:
    """The assignments of each component; those of none stand under `""`."""
    by_slug = {item.slug: piece_of(rows, item, person, now, for_students=for_students) for item in rows.items}
    found = {
        component.key: [by_slug.pop(slug) for slug in component.work if slug in by_slug]
        for component in scheme.components
    }
    return found | {OUTSIDE: list(by_slug.values())}
