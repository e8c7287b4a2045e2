"""The endpoint of leaderboards: the ranking as its page shows it to whoever asks."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.courses.api import CourseApiView
from grading.selectors import leaderboard as reading
from grading.selectors.assignments import assignment_get

BY = OpenApiParameter("by", str, description="one of `metrics`; left out: the first of them")
KIND = OpenApiParameter(
    "kind", str, description="of `kinds`; left out: the kind of your own attempt, else the most common"
)


class KindShape(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="basis, device, runtime and threads of latency and energy")
    words = serializers.CharField()
    count = serializers.IntegerField(help_text="how many are of it")


class RankedShape(serializers.Serializer[Any]):
    first = serializers.IntegerField(source="place.first", help_text="the best of the places that it shares")
    last = serializers.IntegerField(source="place.last")
    nickname = serializers.CharField(source="entry.nickname", help_text="empty: none was chosen")
    is_you = serializers.BooleanField(source="entry.is_you")
    values = serializers.DictField(
        child=serializers.FloatField(), help_text="by metric, in its unit: shares, ms, mJ, bytes, counts"
    )


class LeaderboardShape(serializers.Serializer[Any]):
    is_shown = serializers.BooleanField(help_text="whether students see it")
    is_few = serializers.BooleanField(help_text="true: too few others have a result, so nothing is shown")
    metrics = serializers.ListField(child=serializers.CharField(), source="board.metrics")
    by = serializers.CharField(source="board.by")
    kind = serializers.CharField(source="board.kind", help_text="empty where the lab ranks no latency and no energy")
    kinds = KindShape(many=True)
    ranked = serializers.IntegerField(
        allow_null=True, help_text="how many have a place, listed or not; null: not shown"
    )
    rows = RankedShape(many=True, help_text="best first: who chose a nickname, and you; for the staff everybody")


class Leaderboard(CourseApiView):
    """The ranking of one lab by nicknames. Ties share their places."""

    @extend_schema(responses=LeaderboardShape, parameters=[BY, KIND], operation_id="leaderboard")
    def get(self, request: Request, course: str, assignment: str) -> Response:
        found = assignment_get(self.visit, assignment)
        asked = request.GET.get("by", ""), request.GET.get("kind", "")
        return Response(LeaderboardShape(reading.endpoint(self.visit, found, *asked, timezone.now())).data)
