"""The one door: who is asking, in which course, with which role.

A view decorated with `course_page` is called with a `Visit` in place of the request's loose parts. "Not yours" and
"not there" are the same answer, 404, so that nobody learns a course's name by trying.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.audience import Audience, declare
from courseplatform.core.errors import Forbidden, NotHere
from courseplatform.courses.models import STAFF, Course, Enrolment, Role

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

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def by(self) -> str:
        return self.person.email


CourseView = Callable[..., HttpResponseBase]


def visit_of(person: User, slug: str) -> Visit:
    """Raises NotHere when there is no such course or the person is not in it."""
    enrolment = (
        Enrolment.objects.select_related("course").filter(course__slug=slug, person=person, is_active=True).first()
    )
    if enrolment is None:
        raise NotHere("There is no such course, or you are not in it.")
    return Visit(person=person, course=enrolment.course, role=Role(enrolment.role))


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
            visit = visit_of(request.user, course)
            if visit.role not in roles:
                said = (
                    f"It is for the staff of {visit.course.number}. The course home and your own work are open to you."
                )
                raise Forbidden(said, code="staff_only")
            request.visit = visit  # type: ignore[attr-defined]
            timezone.activate(request.user.zone or visit.course.zone)
            return view(request, visit, **rest)

        return declare(wrapper, AUDIENCES[roles])  # type: ignore[no-any-return]

    return decorate
