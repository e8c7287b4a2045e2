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


PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="from `next` or `previous` of the page before"),
    OpenApiParameter("page_size", int, description="1 to 200; 50 where it is not said"),
]


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
    """Each operation says which scope it needs, and that somebody must be known. Shapes are named without that word."""

    view: Any
    method: Any

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        return str(super()._get_serializer_name(serializer, direction, bypass_extensions)).removesuffix("Shape")

    def get_auth(self) -> list[Any]:
        return [] if self._is_public() else [one for one in super().get_auth() if one]

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
    """Every operation may be refused, and all refusals have one shape."""
    result["components"]["schemas"]["Error"] = ERROR
    refusal = {
        "description": "Refused; `error.code` says why",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["responses"]["default"] = refusal
    return result


class Schema(ApiView):
    """This document, as OpenAPI. It is the file of the repository, which a test holds to what the code says."""

    audience: ClassVar[Audience | None] = Audience.PUBLIC

    @extend_schema(responses={(200, "application/yaml"): OpenApiTypes.STR}, operation_id="schema", auth=[])
    def get(self, request: Request) -> HttpResponse:
        text = (Path(settings.BASE_DIR) / SCHEMA).read_text(encoding="utf-8")
        return HttpResponse(text, content_type="application/yaml; charset=utf-8")
