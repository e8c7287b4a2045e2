"""The API's door to a course, and the endpoints that say which courses one is in."""

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.api_authentication import person_of
from courseplatform.accounts.models import User
from courseplatform.accounts.second_factor.gate import factor_check
from courseplatform.core.api import ApiView, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, page_of
from courseplatform.core.audience import Audience
from courseplatform.courses.access import AUDIENCES, MEMBERS, Visit, visit_in_role
from courseplatform.courses.closing import check_goes_on
from courseplatform.courses.models import Course, Enrolment, Role


class CourseApiView(ApiView):
    """The sibling of `course_page`: resolves the `course` slug of the URL to `self.visit`, and refuses everyone outside `roles`.

    Members with too small a role get 403, everybody else 404, as on the pages. A token adds nothing to the role of its person.
    """

    roles: ClassVar[frozenset[Role]] = MEMBERS
    audience: ClassVar[Audience | None] = Audience.COURSE_MEMBERS
    visit: Visit

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.audience = AUDIENCES[cls.roles]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.visit = self.find_visit(person_of(request), **kwargs)
        if self.visit.is_staff and request.auth is None:  # a session; a token was made where a session had passed this
            factor_check(request._request)
        check_goes_on(request._request, self.visit.course)
        request._request.visit = self.visit  # type: ignore[attr-defined]  # as on the pages: who came, for what stands around them

    def find_visit(self, person: User, **kwargs: Any) -> Visit:
        """Raises NotHere or Forbidden."""
        return visit_in_role(person, kwargs["course"], self.roles)


class CourseShape(serializers.Serializer[Any]):
    slug = serializers.SlugField(source="course.slug")
    number = serializers.CharField(source="course.number", help_text="as the university writes it; may be empty")
    title = serializers.CharField(source="course.title")
    term = serializers.CharField(source="course.term")
    zone = serializers.CharField(source="course.zone", help_text="IANA time zone in which its due times were set")
    starts_on = serializers.DateField(source="course.starts_on", allow_null=True)
    ends_on = serializers.DateField(source="course.ends_on", allow_null=True)
    closed_at = serializers.DateTimeField(
        source="course.closed_at", allow_null=True, help_text="since when nobody changes anything in it"
    )
    role = serializers.ChoiceField(choices=Role.choices, help_text="what you are in it")


class Courses(ApiView):
    """The courses that you are in, the latest enrolment first."""

    audience: ClassVar[Audience | None] = Audience.SIGNED_IN

    @extend_schema(responses=page_of(CourseShape), parameters=PAGE_PARAMETERS, operation_id="courses")
    def get(self, request: Request) -> Response:
        mine = Enrolment.objects.of(person_of(request)).select_related("course")
        return paged(request, mine, CourseShape, order=("-pk",))


class OneCourse(CourseApiView):
    """One course that you are in."""

    @extend_schema(responses=CourseShape, operation_id="course")
    def get(self, request: Request, course: str) -> Response:
        found: Course = self.visit.course
        return Response(CourseShape({"course": found, "role": self.visit.role}).data)


urlpatterns = [
    path("courses", Courses.as_view(), name="courses"),
    path("courses/<slug:course>", OneCourse.as_view(), name="course"),
]
