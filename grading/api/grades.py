"""The endpoints of course grades: one's own as far as it is released, and for staff those of the class."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.core.api import paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, page_of
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import STAFF, Enrolment, Role
from grading.gradebook import State
from grading.selectors.book_endpoint import my_standing, standings_add

STATES = [(str(state), str(state)) for state in State]
PERCENT: dict[str, Any] = {"max_digits": 8, "decimal_places": 2}


class StepShape(serializers.Serializer[Any]):
    from_points = serializers.DecimalField(**PERCENT)
    to_points = serializers.DecimalField(
        **PERCENT, help_text="not included, but for the last step, which has what is above too"
    )
    count = serializers.IntegerField()


class SpreadShape(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="how many grades; never fewer than five")
    of = serializers.DecimalField(**PERCENT)
    mean = serializers.DecimalField(**PERCENT)
    lower_quartile = serializers.DecimalField(**PERCENT)
    median = serializers.DecimalField(**PERCENT)
    upper_quartile = serializers.DecimalField(**PERCENT)
    steps = StepShape(many=True)


class GradeLineShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="graded and missing count; grading: handed in, not released or not marked; ahead: not due; excused; uncounted",
    )
    points = serializers.DecimalField(**PERCENT, allow_null=True, help_text="null: none, or not released to you")
    of = serializers.DecimalField(**PERCENT)
    weight = serializers.DecimalField(**PERCENT, help_text="% of the course grade that it can give")
    percent = serializers.DecimalField(**PERCENT, allow_null=True, help_text="% of the course grade that it gives")
    is_dropped = serializers.BooleanField()
    says = serializers.CharField(help_text="where the points come from; may be empty")
    arithmetic = serializers.CharField(help_text="the sum in words")
    page = serializers.CharField(help_text="the path of the page of its cause; may be empty")
    statistics = SpreadShape(
        allow_null=True,
        help_text="how the released grades of the class are spread; null: not shown to students, or the class was asked for",
    )


class GradePartShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    percent = serializers.DecimalField(**PERCENT, help_text="its weight")
    is_bonus = serializers.BooleanField(help_text="stands above the 100 %")
    earned = serializers.DecimalField(**PERCENT)
    so_far = serializers.DecimalField(**PERCENT, help_text="what could have been earned by now")
    says = serializers.CharField(help_text="drops and caps; may be empty")
    lines = GradeLineShape(many=True)


class PassShape(serializers.Serializer[Any]):
    turned_in = serializers.IntegerField()
    needed = serializers.IntegerField()
    ahead = serializers.IntegerField(help_text="of those that count for it, still to come")
    is_met = serializers.BooleanField()
    is_lost = serializers.BooleanField(help_text="cannot be met any more")


class CourseGradeShape(serializers.Serializer[Any]):
    person = serializers.EmailField()
    earned = serializers.DecimalField(**PERCENT, help_text="% of the course grade that is sure by now, bonus included")
    so_far = serializers.DecimalField(**PERCENT, help_text="% that could have been earned by now, without bonus")
    percent = serializers.DecimalField(
        **PERCENT, allow_null=True, help_text="earned of so_far in %, with the bonus on top and after the curve; null: nothing is decided"
    )  # fmt: skip
    letter = serializers.CharField(help_text="empty: none, or not shown to students")
    parts = GradePartShape(many=True)
    passes = PassShape(many=True)


class MyGrades(CourseApiView):
    """Your course grade so far: what is released adds up, what is not has no points. Empty for staff."""

    @extend_schema(responses=CourseGradeShape, operation_id="my_grades")
    def get(self, request: Request, course: str) -> Response:
        return Response(CourseGradeShape(my_standing(self.visit, timezone.now())).data)


class ClassGrades(CourseApiView):
    """The course grades of the active students, as the gradebook has them, the first enrolment first."""

    roles: ClassVar[frozenset[Role]] = STAFF

    @extend_schema(responses=page_of(CourseGradeShape), parameters=PAGE_PARAMETERS, operation_id="class_grades")
    def get(self, request: Request, course: str) -> Response:
        rows = Enrolment.objects.filter(course=self.visit.course, role=Role.STUDENT, is_active=True)
        return paged(
            request, rows.select_related("person"), _OfRow, order=("pk",),
            prepare=lambda found: standings_add(self.visit, found, timezone.now()),
        )  # fmt: skip


class _OfRow(CourseGradeShape):
    """The same of a row of the class, to which `standings_add` has put it."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return super().to_representation(instance.standing)
