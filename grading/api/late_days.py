"""The endpoint of late days: what the ledger says, and why."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.core.api_shapes import UtcField
from courseplatform.courses.api import CourseApiView
from grading.late.facts import UNIT_KINDS
from grading.models.late_days import EntryKind, LateEntry, LateVerdict
from grading.selectors.late_endpoint import late_ledger

PERSON = OpenApiParameter("person", str, description="for staff: the e-mail address of a member of the course")


class UnitShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=UNIT_KINDS)
    hours = serializers.FloatField(help_text="how long one is; for the kind `hours`")


class LineShape(serializers.Serializer[LateEntry]):
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    days = serializers.IntegerField(help_text="given where positive, spent where negative")
    assignment = serializers.SlugField(
        source="assignment.slug", default=None, allow_null=True, help_text="null: for none in particular"
    )
    submission = serializers.UUIDField(source="submission_id", allow_null=True)
    since = serializers.DateField(allow_null=True, help_text="counts only for what is due on or after this day")
    reason = serializers.CharField(help_text="why, in words that hold no favour's own reason but a grant's")
    actor = serializers.CharField(help_text="who or what did it")
    made_at = UtcField()


class BankShape(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="empty where the policy has one bank")
    team = serializers.SlugField(
        source="team.slug", default=None, allow_null=True, help_text="whose it is; null: the person's own"
    )
    balance = serializers.IntegerField(help_text="the sum of `days` of its lines")
    lines = LineShape(many=True, help_text="oldest first; none is ever changed")


class VerdictShape(serializers.Serializer[LateVerdict]):
    assignment = serializers.SlugField(source="assignment.slug")
    submission = serializers.UUIDField(
        source="submission_id",
        allow_null=True,
        help_text="the attempt that is judged; null: hardware that came back is",
    )
    loan = serializers.IntegerField(
        source="returned.loan_id",
        default=None,
        allow_null=True,
        help_text="the loan with whose last piece it was all back; null: of an attempt",
    )
    days_late = serializers.IntegerField()
    free_days_used = serializers.IntegerField(help_text="of them, paid by a bank")
    penalty_percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    max_percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, help_text="the most that it can still earn, of the assignment's points"
    )
    accepted = serializers.BooleanField()
    explanation = serializers.ListField(child=serializers.CharField(), help_text="how it came to that, in sentences")
    counted_at = UtcField()


class LateDaysShape(serializers.Serializer[Any]):
    person = serializers.EmailField(source="person.email")
    unit = UnitShape(allow_null=True, help_text="what one late day is; null: the course states no late policy")
    is_counted = serializers.BooleanField(help_text="false: a change was made that is still to be counted; ask again")
    banks = BankShape(many=True)
    verdicts = VerdictShape(many=True, help_text="in the order of the assignments; only of those handed in")


class LateDays(CourseApiView):
    """Late days: what your banks hold, line by line, and what was decided of each hand-in; for staff those of any member."""

    @extend_schema(responses=LateDaysShape, parameters=[PERSON], operation_id="late_days")
    def get(self, request: Request, course: str) -> Response:
        found = late_ledger(self.visit, timezone.now(), request.GET.get("person", ""))
        return Response(LateDaysShape(found).data)
