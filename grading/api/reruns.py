"""The endpoints of re-runs, for the staff: what was run again and why, and the table of one. Beginning and deciding is for the pages."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.core.api import paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, UtcField, page_of
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import STAFF
from grading.models.reruns import Rerun, RerunKind, RerunStatus
from grading.selectors import reruns as reading
from grading.selectors.assignments import assignment_get


class RerunShape(serializers.Serializer[Rerun]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=RerunKind.choices)
    status = serializers.ChoiceField(choices=RerunStatus.choices)
    reason = serializers.CharField()
    made_by = serializers.CharField()
    made_at = UtcField()
    decided_by = serializers.CharField(help_text="empty: not decided yet")
    decided_at = UtcField(allow_null=True)


class MovedShape(serializers.Serializer[Mapping[str, str]]):
    title = serializers.CharField()
    now = serializers.CharField(help_text="points, `open` or `new`")
    then = serializers.CharField(help_text="points, `open` or `gone`")
    was = serializers.CharField(help_text="value and arithmetic")
    will = serializers.CharField()


class NoteShape(serializers.Serializer[Mapping[str, str]]):
    code = serializers.CharField()
    text = serializers.CharField()


class GradeThenShape(serializers.Serializer[Mapping[str, Any]]):
    name = serializers.CharField(help_text="Report 18 while names are hidden from the staff")
    email = serializers.EmailField()
    team = serializers.CharField(help_text="empty: own work")
    attempt = serializers.IntegerField()
    attempt_then = serializers.IntegerField()
    measured_now = serializers.CharField(help_text="points of the measured part")
    measured_then = serializers.CharField()
    now = serializers.CharField(help_text="the whole grade, lateness included")
    then = serializers.CharField()
    change = serializers.CharField()
    of = serializers.CharField()
    lines = MovedShape(many=True)
    notes = NoteShape(many=True)


class OneRerunShape(RerunShape):
    rows = GradeThenShape(many=True, help_text="a grade each; empty while models are measured")


class Reruns(CourseApiView):
    """The re-runs of one lab, newest first."""

    roles = STAFF

    @extend_schema(responses=page_of(RerunShape), parameters=PAGE_PARAMETERS, operation_id="reruns")
    def get(self, request: Request, course: str, assignment: str) -> Response:
        rows = reading.reruns_of(self.visit, assignment_get(self.visit, assignment))
        return paged(request, rows, RerunShape, order=("-made_at", "-pk"))


class OneRerun(CourseApiView):
    """One re-run with its table: each grade now and then."""

    roles = STAFF

    @extend_schema(responses=OneRerunShape, operation_id="rerun")
    def get(self, request: Request, course: str, assignment: str, rerun: int) -> Response:
        found = reading.rerun_get(self.visit, assignment, rerun)
        rows: Any = reading.rows_of(self.visit, found)
        return Response(RerunShape(found).data | {"rows": GradeThenShape(rows, many=True).data})
