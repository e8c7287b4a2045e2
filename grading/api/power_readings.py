"""The endpoint of power readings: what a team measured in each stage, and adding a reading."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.models import Scope
from courseplatform.core.api import USUAL_SCOPES, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, UtcField, page_of
from courseplatform.core.form_fields import check_year
from courseplatform.courses.api import CourseApiView
from grading.energy.amounts import amount_of
from grading.models.power import Known, PowerReading
from grading.selectors.team_energy import is_taken_back, readings_of, stage_of, team_inside
from grading.services.power_readings import ReadingFacts, power_reading_add


class WithOffset(serializers.DateTimeField):
    """A moment that says its offset: a wall time alone is another instant in another zone."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise serializers.ValidationError("Write the offset too: 2026-11-20T10:00:00-05:00.", code="no_offset")
        check_year(value)  # at the ends of the calendar another zone has no such moment
        return value


class TakenBackShape(serializers.Serializer[Any]):
    reason = serializers.CharField()
    by = serializers.CharField(allow_null=True, help_text="null: who it was has no account any more")
    made_at = UtcField()


class PowerReadingShape(serializers.Serializer[PowerReading]):
    id = serializers.IntegerField(source="pk")
    at = UtcField(help_text="when the run began; it counts in the stage of that day")
    stage = serializers.SerializerMethodField(help_text="its key; null: no stage has that day")
    label = serializers.CharField(help_text="what was run")  # type: ignore[assignment]
    used_mah = serializers.DecimalField(max_digits=12, decimal_places=3)
    known_by = serializers.ChoiceField(choices=Known.choices)
    minutes = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)
    mean_ma = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)
    board = serializers.CharField()
    meter = serializers.CharField()
    note = serializers.CharField()
    file_sha256 = serializers.CharField(help_text="of a meter's file; else empty")
    by = serializers.CharField(source="by_name", allow_null=True, help_text="null: who it was has no account any more")
    made_at = UtcField()
    taken_back = serializers.SerializerMethodField(help_text="null: it counts")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_stage(self, row: PowerReading) -> str | None:
        stage = stage_of(row)
        return stage.key if stage else None

    @extend_schema_field(TakenBackShape(allow_null=True))
    def get_taken_back(self, row: Any) -> dict[str, Any] | None:
        if not is_taken_back(row):
            return None
        gone = {"reason": row.taken_back.reason, "by": row.gone_by_name, "made_at": row.taken_back.made_at}
        return dict(TakenBackShape(gone).data)


class NewReadingShape(serializers.Serializer[Any]):
    """`used_mah`, or `mean_ma` with `minutes`."""

    at = WithOffset(help_text="when the run began, with its offset")
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    used_mah = serializers.DecimalField(max_digits=12, decimal_places=3, required=False)
    mean_ma = serializers.DecimalField(max_digits=10, decimal_places=3, required=False)
    minutes = serializers.DecimalField(max_digits=10, decimal_places=3, required=False)
    board = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    meter = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    reason = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text="of the staff, after the stage is closed to the team"
    )  # fmt: skip
    entry_key = serializers.UUIDField(required=False, help_text="the same key twice is one reading")


class PowerReadings(CourseApiView):
    """The power readings of a team, the newest run first; those that were taken back stay in the list."""

    scopes: ClassVar[Mapping[str, str]] = {**USUAL_SCOPES, "POST": Scope.HAND_IN.value}

    @extend_schema(responses=page_of(PowerReadingShape), parameters=PAGE_PARAMETERS, operation_id="power_readings")
    def get(self, request: Request, course: str, team: str) -> Response:
        rows = readings_of(team_inside(self.visit, team))
        return paged(request, rows, PowerReadingShape, order=("-at", "-pk"))

    @extend_schema(
        request=NewReadingShape,
        responses={201: PowerReadingShape, 200: PowerReadingShape},
        operation_id="power_reading_add",
        description="Add a reading. 200 where this `entry_key` was here before. Scope: `hand_in`.",
    )
    def post(self, request: Request, course: str, team: str) -> Response:
        found, sent = team_inside(self.visit, team), NewReadingShape(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        typed = {key: said.get(key) for key in ("used_mah", "mean_ma", "minutes")}
        facts = ReadingFacts(
            said["at"], said["label"], amount_of(**typed, metered=None), said["board"], said["meter"], said["note"], said["reason"]
        )  # fmt: skip
        made, is_new = power_reading_add(
            visit=self.visit, team=found, facts=facts, entry_key=said.get("entry_key") or uuid4(), now=timezone.now()
        )
        return Response(PowerReadingShape(readings_of(found).get(pk=made.pk)).data, status=201 if is_new else 200)
