"""The one door: who is asking, in which course, with which role, and whether that course is closed. Endpoints of the API have a door of the
same kind in api.py.

A view decorated with `course_page` is called with a `Visit` in place of the request's loose parts; one decorated with
`public_course_page` with a `Reader`, who may be a visitor without an account where the course is public. "Not yours"
and "not there" are the same answer, 404, so that nobody learns a course's name by trying.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from courseplatform.accounts.models import User, validate_zone
from courseplatform.accounts.second_factor.gate import factor_gate
from courseplatform.core.audience import Audience, declare
from courseplatform.core.errors import BadInput, Forbidden, NotHere, NotOpenYet
from courseplatform.core.kept import stamp_now
from courseplatform.core.prepared import Prepared
from courseplatform.courses.closed_pages import as_closed
from courseplatform.courses.closing import check_goes_on
from courseplatform.courses.models import STAFF, Course, Enrolment, Role

P = ParamSpec("P")
T = TypeVar("T")
MEMBERS = frozenset(Role)
AUDIENCES = {
    MEMBERS: Audience.COURSE_MEMBERS,
    STAFF: Audience.COURSE_STAFF,
    frozenset({Role.INSTRUCTOR}): Audience.COURSE_INSTRUCTORS,
}


@dataclass(frozen=True)
class Visit:
    """A person in a course. Services and selectors take this, never a request."""

    person: User
    course: Course
    role: Role
    # What was read for it already (`asked_once`). It ends with the request.
    known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def by(self) -> str:
        return self.person.email

    @property
    def is_looked_at(self) -> bool:
        """Whether staff see the course as this student now (audit/view_as/): then secrets of the student stay off the page."""
        return self.person.seen_by is not None


def asked_once(read: Callable[Concatenate[Visit, P], T]) -> Callable[Concatenate[Visit, P], T]:
    """For a selector that several parts of one page ask alike: a visit reads it once for the same arguments.

    Not for what the same request writes: it would be read as it was before.
    """

    @wraps(read)
    def reading(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (read, args, tuple(kwargs.items()))
        if key not in visit.known:
            visit.known[key] = read(visit, *args, **kwargs)
        found: T = visit.known[key]
        return found

    return reading


@dataclass(frozen=True)
class Reader:
    """Somebody who reads a public page of a course: a member with a visit, or anybody else without one."""

    course: Course
    visit: Visit | None = None

    @property
    def is_staff(self) -> bool:
        return self.visit is not None and self.visit.is_staff

    @property
    def role(self) -> Role | None:
        return self.visit.role if self.visit else None


CourseView = Callable[..., HttpResponseBase]


def _find_visit(person: User, slug: str) -> Visit | None:
    """Raises NotOpenYet (`course_is_draft`) to a student of a course that its staff are still preparing."""
    stamp_now()  # before any row of the course is read
    visit = _any_student(person, slug) if person.is_any_student else _enrolled(person, slug)
    if visit is None:
        return None
    if not visit.course.is_published and not visit.is_staff:
        said = "The staff of this course are still preparing it, and until they open it only they see it. It will stand among your courses then."
        raise NotOpenYet(said, code="course_is_draft")
    return visit


MINE = Prepared(
    lambda slug, person: Enrolment.objects.select_related("course").filter(course__slug=slug, person=person, is_active=True),
    slug=str, person=int,
)  # fmt: skip


def _enrolled(person: User, slug: str) -> Visit | None:
    if person.seen_in and slug != person.seen_in:  # a student as whom staff of another course look
        return None
    enrolment = next(iter(MINE(slug=slug, person=person.pk)), None)
    return None if enrolment is None else Visit(person, enrolment.course, Role(enrolment.role))


def _any_student(person: User, slug: str) -> Visit | None:
    """Whom staff look as when they want to see what all see: a student of this course who has nothing, and is on no list."""
    course = Course.objects.filter(slug=slug).first() if slug == person.seen_in else None
    return None if course is None else Visit(person, course, Role.STUDENT)


def visit_of(person: User, slug: str) -> Visit:
    """Raises NotHere when there is no such course or the person is not in it, NotOpenYet to a student of a draft."""
    visit = _find_visit(person, slug)
    if visit is None:
        raise NotHere("There is no such course, or you are not in it.")
    return visit


def visit_in_role(person: User, slug: str, roles: frozenset[Role]) -> Visit:
    """What both doors ask, that of the pages and that of the API. Raises NotHere, or Forbidden (`staff_only`) for too small a role."""
    visit = visit_of(person, slug)
    if visit.role not in roles:
        said = f"It is for the staff of {visit.course.number}. The course home and your own work are open to you."
        raise Forbidden(said, code="staff_only")
    return visit


def course_page(roles: frozenset[Role] = MEMBERS) -> Callable[[CourseView], CourseView]:
    """Resolve the `course` slug of the URL to a Visit, and refuse everyone outside `roles`.

    The decorated view is called as view(request, visit, **the rest of the URL). Members with too small a role get 403
    (they know the course), everybody else 404; visitors without an account are sent to sign in.
    """

    def decorate(view: CourseView) -> CourseView:
        @wraps(view)
        def wrapper(request: HttpRequest, course: str, **rest: Any) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return redirect_to_login(request.get_full_path())
            visit = visit_in_role(request.user, course, roles)
            request.visit = visit  # type: ignore[attr-defined]
            timezone.activate(request.user.zone or visit.course.zone)
            if visit.is_staff and (elsewhere := factor_gate(request)):
                return elsewhere
            check_goes_on(request, visit.course)
            return as_closed(view(request, visit, **rest), request, visit.course)

        return declare(wrapper, AUDIENCES[roles])  # type: ignore[no-any-return]

    return decorate


def reader_of(person: Any, slug: str) -> Reader:
    """Raises NotHere unless the course is open to anybody or the person is in it, NotOpenYet to a student of a draft."""
    if isinstance(person, User) and (visit := _find_visit(person, slug)):
        return Reader(visit.course, visit)
    course = Course.objects.public().filter(slug=slug).first()
    if course is None:
        raise NotHere("There is no such course, or it is open to its members only.")
    return Reader(course)


def may_make_courses(person: User) -> bool:
    """Operators, and whoever is an instructor of any course."""
    mine = Enrolment.objects.filter(person=person, is_active=True, role=Role.INSTRUCTOR)
    return person.is_operator or mine.exists()


def course_makers(view: CourseView) -> CourseView:
    """Whoever may make a course. The decorated view is called as view(request, person); others who are signed in get 403."""

    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        if not may_make_courses(request.user):
            said = "Courses are made by operators and by instructors of a course. Ask one of them to make yours."
            raise Forbidden(said, code="makers_only")
        return factor_gate(request) or view(request, request.user)

    return declare(wrapper, Audience.COURSE_MAKERS)  # type: ignore[no-any-return]


def operators(view: CourseView) -> CourseView:
    """Whoever keeps the machine running. The decorated view is called as view(request, person, **the rest of the URL); others who are signed in get 403."""

    @wraps(view)
    def wrapper(request: HttpRequest, **rest: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        if not request.user.is_operator:
            raise Forbidden("Only operators of the site see this page.", code="operators_only")
        return factor_gate(request) or view(request, request.user, **rest)

    return declare(wrapper, Audience.OPERATORS)  # type: ignore[no-any-return]


def _asked_zone(request: HttpRequest) -> str:
    """The zone in which a reader asks to see the page, `?zone=Europe/Berlin`. Raises BadInput, code `unknown_zone`."""
    asked = request.GET.get("zone", "")
    try:
        validate_zone(asked)
    except ValidationError as error:
        raise BadInput(error.messages[0], code="unknown_zone") from error
    return asked


def public_course_page(view: CourseView) -> CourseView:
    """Resolve the `course` slug of the URL to a Reader: anybody where the course is public, else its members.

    Visitors of a course that is not public are sent to sign in, whether it is there or not.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, course: str, **rest: Any) -> HttpResponseBase:
        person = request.user if isinstance(request.user, User) else None
        try:
            reader = reader_of(person, course)
        except NotHere:
            if person is None:
                return redirect_to_login(request.get_full_path())
            raise
        request.visit = reader.visit or reader  # type: ignore[attr-defined]
        if reader.is_staff and (elsewhere := factor_gate(request)):
            return elsewhere
        check_goes_on(request, reader.course)
        timezone.activate(_asked_zone(request) or (person.zone if person else "") or reader.course.zone or "UTC")
        return as_closed(view(request, reader, **rest), request, reader.course)

    return declare(wrapper, Audience.COURSE_PUBLIC)  # type: ignore[no-any-return]
