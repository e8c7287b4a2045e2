"""What the API's documents share: fields, the shape of an error, and how the schema is written (docs/api.yaml)."""

from datetime import UTC
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from courseplatform.core.api import ApiView
from courseplatform.core.audience import Audience

SCHEMA = "docs/api.yaml"
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "stable; compare this"},
                "message": {"type": "string", "description": "for people; may change"},
                "details": {"type": "object", "additionalProperties": True},
            },
        }
    },
}
REFUSALS = {
    400: "The body, or a header of it, cannot be read",
    401: "Nobody is known by what was sent",
    403: "The token lacks the scope, or this is for others",
    404: "It is not there, or not yours",
    409: "It does not work now",
    410: "Nothing of it is here any more",
    411: "A part says how long it is",
    412: "Another version of tus",
    413: "More than is taken",
    415: "This Content-Type is not taken",
    422: "What was sent cannot be used",
    429: "Too often; `Retry-After` says when to come again where it is only that",
    460: "The part arrived changed; send it again",
    503: "Our fault; try again soon",
    507: "Our disk is full; try again soon",
}
ALWAYS = (401, 422, 429, 503)  # 422: a token in the address is refused everywhere
WITH_BODY = (400, 409, 413, 415)
HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}},
}

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="from `next` or `previous` of the page before"),
    OpenApiParameter(
        "page_size", {"type": "integer", "minimum": 1}, description="50 where it is not said; more than 200 is 200"
    ),
]


def refusal(status: int) -> dict[str, str]:
    """How a refusal with this status stands in an operation."""
    return {"$ref": f"#/components/responses/Refused{status}"}


def _refused(status: int, words: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": f"{words}; `error.code` says why",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    return found | ({"headers": HEADERS[status]} if status in HEADERS else {})


def page_of(shape: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """One page of a list, as `paged` gives it."""
    address = {"allow_null": True, "help_text": "address of the neighbouring page"}
    return inline_serializer(
        name=f"{shape.__name__.removesuffix('Shape')}Page",
        fields={
            "next": serializers.URLField(**address),  # type: ignore[arg-type]
            "previous": serializers.URLField(**address),  # type: ignore[arg-type]
            "results": shape(many=True),
        },
    )


class UtcField(serializers.DateTimeField):
    """An instant, always as UTC: `2026-11-26T04:59:00Z`. The zone of a reader never changes a document."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class Described(AutoSchema):
    """Each operation says which scope it needs, that somebody must be known, and with which statuses it refuses.

    Shapes are named without that word.
    """

    view: Any
    method: Any

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        return str(super()._get_serializer_name(serializer, direction, bypass_extensions)).removesuffix("Shape")

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        for status in sorted(self._refusals()) if found else ():
            found["responses"].setdefault(str(status), refusal(status))  # type: ignore[index]
        if found:
            found["responses"] = dict(sorted(found["responses"].items()))
        return found

    def _refusals(self) -> set[int]:
        """Those of the framework and the doors, and what the view says of this method."""
        statuses = {*ALWAYS, *self.view.refusals.get(self.method, ())}
        if self.view.audience not in (Audience.PUBLIC, Audience.RUNNERS):
            statuses.add(403)
        if "{" in self.path:
            statuses.add(404)
        return statuses | (set(WITH_BODY) if self.method in ("POST", "PUT", "PATCH") else set())

    def get_auth(self) -> list[Any]:
        """Of a token also its scope: OpenAPI 3.1 lets the list beside a bearer name what it needs."""
        if self._is_public():
            return []
        scope = self.view.scopes.get(self.method, "")
        return [{"token": [scope]} if "token" in one and scope else one for one in super().get_auth() if one]

    def get_description(self) -> str:  # type: ignore[override]
        said = super().get_description() or ""
        scope = self.view.scopes.get(self.method, "")
        return (
            said if self.view.audience in (Audience.PUBLIC, Audience.RUNNERS) else f"{said}\n\nScope: `{scope}`".strip()
        )

    def _is_public(self) -> bool:
        return bool(self.view.audience == Audience.PUBLIC)


def of_persons(endpoints: list[Any]) -> list[Any]:
    """Without the addresses of boards, which have a document of their own (docs/runner-api.yaml); that one is made of them alone."""
    return [one for one in endpoints if not one[0].startswith("/api/runner/")] or endpoints


def add_errors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """All refusals have one shape."""
    result["components"]["schemas"]["Error"] = ERROR
    result["components"]["responses"] = {
        f"Refused{status}": _refused(status, words) for status, words in REFUSALS.items()
    }
    return result


class Schema(ApiView):
    """This document, as OpenAPI. It is the file of the repository, which a test holds to what the code says."""

    audience: ClassVar[Audience | None] = Audience.PUBLIC

    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR}, operation_id="schema", auth=[])
    def get(self, request: Request) -> HttpResponse:
        text = (Path(settings.BASE_DIR) / SCHEMA).read_text(encoding="utf-8")
        return HttpResponse(text, content_type="application/yaml; charset=utf-8")
