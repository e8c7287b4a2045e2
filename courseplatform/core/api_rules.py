"""The API's rules as the framework loads them: what is negotiated, how often one may ask, how a refusal looks.

Named in settings.py; apart from core/api.py because the framework reads these before its own view is there.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, cast

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from courseplatform.core.errors import AppError, BadInput, Forbidden, NotHere

WINDOW_S = 60
CHALLENGE = 'Bearer realm="Milliamp"'


class Token(Protocol):
    """What this file knows of an access token (accounts/models.py)."""

    digest: str
    scopes: list[str]


@dataclass(frozen=True)
class Pace:
    """How often one may ask for something: so many requests a minute, counted under a name of their own."""

    name: str
    per_minute: int


class JsonAlways(DefaultContentNegotiation):
    """JSON, whatever the client says that it takes: an error must be readable to who asked for something else."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class PerKey(BaseThrottle):
    """So many requests a minute for each token, or for each person with a session; counted in the cache. How many, the view says.

    A cache that is away counts nothing (core/cache.py): then the API is open, and the log says so.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        who = self.who(request)
        if not who:
            return True
        pace: Pace = view.pace(request.method)
        return counted(pace, who) <= pace.per_minute

    def who(self, request: Request) -> str:
        """Whose requests are counted together; "" counts none."""
        token = cast("Token | None", request.auth)
        if token is not None:
            return f"token:{token.digest[:32]}"
        return f"person:{request.user.pk}" if request.user.is_authenticated else ""

    def wait(self) -> float:
        """Seconds to the end of the window."""
        return WINDOW_S - time.time() % WINDOW_S


def counted(pace: Pace, who: str, *, more: int = 1) -> int:
    """How often `who` has asked in this minute, with `more` from now; 0 where the cache has thrown the counter out."""
    key = f"{pace.name}:{who}:{int(time.time()) // WINDOW_S}"
    cache.add(key, 0, 2 * WINDOW_S)
    try:
        return int(cache.incr(key, more))
    except ValueError:  # between the two
        return 0


def refuse(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every refusal as `{"error": {"code", "message", "details"}}`; None for a fault of ours, which Django's handler answers."""
    status, error = _status_of(exc, context)
    if error is None:
        return None
    response = Response(error.to_json(), status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    if isinstance(exc, exceptions.Throttled):
        response["Retry-After"] = str(_seconds(exc))
    if isinstance(exc, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def _seconds(exc: exceptions.Throttled) -> int:
    return max(int(getattr(exc, "wait", None) or WINDOW_S), 1)


def _status_of(exc: Exception, context: Mapping[str, Any]) -> tuple[int, AppError | None]:
    if isinstance(exc, AppError):
        return exc.http_status, exc
    if isinstance(exc, Http404):
        return 404, NotHere("There is nothing at this address, or it is not yours.")
    if isinstance(exc, PermissionDenied):
        return 403, Forbidden("This is for others.")
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc, context)
    return 500, None


def _of_framework(exc: exceptions.APIException, context: Mapping[str, Any]) -> tuple[int, AppError]:
    if isinstance(exc, exceptions.Throttled):
        pace: Pace = context["view"].pace(context["request"].method)
        said = f"More than {pace.per_minute} requests within a minute. Wait {_seconds(exc)} s."
        return 429, AppError(said, code="too_many_requests", details={"wait_s": _seconds(exc)})
    if isinstance(exc, exceptions.ValidationError):
        return 422, BadInput("Some fields cannot be used; details names them.", details={"fields": exc.detail})
    sentences = {
        400: ("unreadable", "The body cannot be read as what its Content-Type says."),
        405: ("method_not_allowed", "This address does not take that method; the header Allow names those that it takes."),
        415: ("unsupported_media_type", "This address does not take that Content-Type."),
    }  # fmt: skip
    code, said = sentences.get(exc.status_code, ("refused", str(exc.detail)))
    return exc.status_code, AppError(said, code=code)
