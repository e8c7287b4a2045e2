"""The endpoint that says who asks."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.api_authentication import person_of
from courseplatform.accounts.models import AccessToken, Scope
from courseplatform.core.api import ApiView
from courseplatform.core.api_shapes import UtcField
from courseplatform.core.audience import Audience


class TokenShape(serializers.Serializer[AccessToken]):
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    expires_at = UtcField()


class MeShape(serializers.Serializer[Any]):
    email = serializers.EmailField()
    name = serializers.CharField()
    zone = serializers.CharField(help_text="IANA time zone; empty: that of each course")
    token = TokenShape(allow_null=True, help_text="the token that asks; null for a session")


class Me(ApiView):
    """Who asks, and with which token."""

    audience: ClassVar[Audience | None] = Audience.SIGNED_IN

    @extend_schema(responses=MeShape, operation_id="me")
    def get(self, request: Request) -> Response:
        person = person_of(request)
        found = {"email": person.email, "name": person.name, "zone": person.zone, "token": request.auth}
        return Response(MeShape(found).data)
