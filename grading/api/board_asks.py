"""The endpoint of a board run that is asked for: whether one may be, how far it is, asking and withdrawing. As on the page of the result."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.models import Scope, User
from courseplatform.core.api import USUAL_SCOPES
from courseplatform.core.api_shapes import UtcField
from courseplatform.courses.access import Visit
from courseplatform.courses.api import CourseApiView
from grading.models.boards import BoardAsk
from grading.selectors import endpoints
from grading.selectors.board_ask import ask_brief
from grading.selectors.results import run_get
from grading.services.board_asks import board_ask, board_ask_withdraw
from hardware.models import Outcome, Status


class RefusalShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class AskedShape(serializers.Serializer[BoardAsk]):
    status = serializers.ChoiceField(choices=Status.choices)
    outcome = serializers.ChoiceField(choices=Outcome.choices, allow_blank=True, help_text="empty while it is open")
    code = serializers.CharField(source="error_code", help_text="why it brought no number; empty where it did")
    message = serializers.CharField(source="error_message")
    asked_at = UtcField(source="queued_at")
    finished_at = UtcField(allow_null=True)
    is_by_staff = serializers.BooleanField()
    run = serializers.UUIDField(
        source="came_to", allow_null=True, help_text="the run with its result; null: it brought none, or not yet"
    )


class BoardAskShape(serializers.Serializer[Any]):
    may_ask = serializers.BooleanField()
    why_not = RefusalShape(allow_null=True)
    left = serializers.IntegerField(
        allow_null=True, help_text="how many you may ask for at this lab within 24 hours; null: as many as you like"
    )
    asked = AskedShape(allow_null=True, help_text="the newest one of this attempt; null: none was")


class OneBoardAsk(CourseApiView):
    """Whether a board may be asked to measure the attempt of this run, and how far the newest one is that was asked for."""

    scopes: ClassVar[Mapping[str, str]] = {**USUAL_SCOPES, "POST": Scope.HAND_IN.value, "DELETE": Scope.HAND_IN.value}
    refusals: ClassVar[Mapping[str, tuple[int, ...]]] = {"DELETE": (409,)}

    def find_visit(self, person: User, **kwargs: Any) -> Visit:
        return endpoints.visit_by_run(person, kwargs["run"])

    @extend_schema(responses=BoardAskShape, operation_id="board_ask")
    def get(self, request: Request, run: UUID) -> Response:
        return Response(self._now(run))

    @extend_schema(
        request=None, responses={201: BoardAskShape}, operation_id="board_ask_make",
        description="Ask that a board measures this attempt. Its result stays until one has. Scope: `hand_in`.",
    )  # fmt: skip
    def post(self, request: Request, run: UUID) -> Response:
        board_ask(visit=self.visit, run=run_get(self.visit, run))
        return Response(self._now(run), status=201)

    @extend_schema(
        responses={200: BoardAskShape}, operation_id="board_ask_withdraw",
        description="Withdraw it; a board that has begun stops at its next beat. Scope: `hand_in`.",
    )  # fmt: skip
    def delete(self, request: Request, run: UUID) -> Response:
        board_ask_withdraw(visit=self.visit, run=run_get(self.visit, run))
        return Response(self._now(run))

    def _now(self, run: UUID) -> Any:
        return BoardAskShape(ask_brief(self.visit, run_get(self.visit, run), timezone.now())).data
