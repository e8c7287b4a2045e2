"""The REST API's ground: how every endpoint asks who comes, and how a list is given out.

JSON in and out, nothing else: there are no pages of it that a browser could be made to fill in. An endpoint is an `ApiView` with an
audience; one without is nobody's, as with pages (core/audience.py). Errors have the shape of `AppError.to_json`, also those of the
framework (api_rules.py), so that a client compares `error.code` everywhere.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.cache import patch_vary_headers
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from courseplatform.core.api_rules import Pace, Token
from courseplatform.core.audience import Audience, declare
from courseplatform.core.errors import BadInput, Forbidden, NotSignedIn

# What a method needs of a token. A method that is not here is open to no token.
DIGITS = 10  # a number with so many is beyond all pages; Python refuses to read one of thousands
USUAL_SCOPES: Mapping[str, str] = {"GET": "read", "HEAD": "read"}


class ApiView(APIView):
    """An endpoint. `audience` says who may come; `scopes` what a token needs for each method.

    refusals: by method, the statuses of refusals that no other endpoint has; for the document (api_shapes.py).
    """

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "put", "patch", "delete"]  # type: ignore[misc]
    audience: ClassVar[Audience | None] = None
    scopes: ClassVar[Mapping[str, str]] = USUAL_SCOPES
    refusals: ClassVar[Mapping[str, tuple[int, ...]]] = {}

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        return view if cls.audience is None else declare(view, cls.audience)

    def pace(self, method: str) -> Pace:
        """How often one may ask with this method. What is asked for very often by its nature has a pace of its own."""
        return Pace("api", settings.API_PER_MINUTE)

    def check_permissions(self, request: Request) -> None:
        """Raises NotSignedIn, or Forbidden (`scope_missing`). What the person may do is asked by the doors and services."""
        if self.audience == Audience.PUBLIC:
            return
        if not request.user.is_authenticated:
            raise NotSignedIn("This address needs an access token: Authorization: Bearer mlp_...")
        token = cast("Token | None", request.auth)
        method = request.method or ""
        if token is None or method.lower() not in self.http_method_names or not hasattr(self, method.lower()):
            return  # a session has no scopes; a method that is not here gets its 405
        needed = self.scopes.get(method, "")
        if needed not in token.scopes:
            raise Forbidden(
                f"This token lacks the scope {needed}. Make one that has it.",
                code="scope_missing",
                details={"scope": needed},
            )

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is somebody's is kept by no cache, and differs by who asks."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.audience != Audience.PUBLIC:
            answer.headers.setdefault("Cache-Control", "private, no-store")
            patch_vary_headers(answer, ("Authorization", "Cookie"))
        return answer


class Pages(CursorPagination):
    """A page of a list, and the addresses of the next and the previous one. `page_size`: 1 to 200."""

    page_size, page_size_query_param, max_page_size = 50, "page_size", 200
    ordering: Any = ("pk",)

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        """Raises BadInput, code `bad_cursor`: the position in a cursor comes from outside."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, OverflowError, exceptions.NotFound) as error:
            raise BadInput(
                "This cursor is none of ours. Follow `next` and `previous` as they were given.", code="bad_cursor"
            ) from error

    def get_page_size(self, request: Request) -> int | None:
        """Raises BadInput, code `bad_page_size`. More than the most is the most."""
        size = request.query_params.get(self.page_size_query_param, "")
        if size and not (size.isascii() and size.isdecimal() and size.strip("0")):
            raise BadInput("`page_size` is a whole number from 1.", code="bad_page_size")
        return super().get_page_size(request) if len(size) < DIGITS else self.max_page_size


def flag_of(request: Request, name: str) -> bool:
    """Whether `name` of the address says true; where it is not there, it does not. Raises BadInput, code `bad_flag`."""
    said = request.query_params.get(name, "false")
    if said not in ("true", "false"):
        raise BadInput(f"`{name}` is true or false.", code="bad_flag")
    return said == "true"


def paged(
    request: Request, rows: "QuerySet[Any]", shape: type[BaseSerializer[Any]], *, order: tuple[str, ...],
    prepare: Callable[[list[Any]], None] | None = None,
) -> Response:  # fmt: skip
    """One page of `rows` in `order`, whose first column is never null. Makes the same queries for 5 rows and for 600.

    prepare: reads for all rows of the page at once what their shape asks each of them for.
    """
    pages = Pages()
    pages.ordering = order
    found = pages.paginate_queryset(rows, request) or []
    if prepare is not None:
        prepare(found)
    return pages.get_paginated_response(shape(found, many=True).data)
