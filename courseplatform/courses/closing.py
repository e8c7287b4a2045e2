"""A closed course: nobody changes anything in it until an instructor opens it again. Asked at the doors (access.py, api.py), and nowhere else.

What goes on all the same is named by each room, with why. What is not finished when somebody wants to close a course each room tells, too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Course

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CourseClosed(Conflict):
    default_code = "course_closed"
    title = "This course is closed"


@dataclass(frozen=True)
class Unfinished:
    """title: what it is, in the plural; says: what becomes of it in a closed course. path: where it is seen. blocks: the course is not closed
    while this goes on. keeps: a closed course is not deleted before it has come to an end."""

    title: str
    count: int
    says: str
    path: str = ""
    blocks: bool = False
    keeps: bool = False


# Route -> why it works in a closed course.
GOES_ON: dict[str, str] = {}
_sources: dict[str, Callable[[Course], list[Unfinished]]] = {}


def goes_on(*routes: str, why: str) -> None:
    """These addresses take what is sent in a closed course, too. routes: full names, `stock:take_back`."""
    GOES_ON.update(dict.fromkeys(routes, why))


def add_unfinished(name: str, source: Callable[[Course], list[Unfinished]]) -> None:
    """source: what of a room is not finished in a course, in a bounded number of queries; lines without any are left out by the reader."""
    _sources[name] = source


def unfinished_of(course: Course) -> list[Unfinished]:
    """What blocks comes first."""
    found = [one for name in sorted(_sources) for one in _sources[name](course) if one.count]
    return sorted(found, key=lambda one: not one.blocks)


def closed_words(course: Course) -> str:
    assert course.closed_at is not None
    day = timezone.localtime(course.closed_at, course.tz)
    return (
        f"{course.name} is closed since {day.day} {day:%B %Y}: everything can be read, and nothing is changed any more. Nothing of what you sent was kept. "
        "An instructor can open it again."
    )


def check_not_closed(course: Course) -> None:
    """For what changes a course and comes in by no door of it. Raises CourseClosed (`course_closed`)."""
    if course.closed_at is not None:
        raise CourseClosed(closed_words(course))


def check_goes_on(request: HttpRequest, course: Course) -> None:
    """Asked by every door of a course, after it has found out that somebody may come. Raises CourseClosed (`course_closed`)."""
    if course.closed_at is None or request.method in SAFE:
        return
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name not in GOES_ON:
        check_not_closed(course)
