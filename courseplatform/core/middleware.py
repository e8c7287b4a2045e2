"""What happens around every request: who may come, in which zone, how long it took, and how a refusal looks."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DataError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone
from django.utils.translation import gettext

from courseplatform.core import error_pages
from courseplatform.core.audience import audience_of, known_person
from courseplatform.core.busy import AGAIN_IN_S, is_away, is_busy
from courseplatform.core.errors import AppError, BadInput

Respond = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


class Middleware:
    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class ServerTiming(Middleware):
    """`Server-Timing: total;dur=12.1, db;dur=4.0;desc="9 queries"`, in demo and debug mode only."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not (settings.DEMO or settings.DEBUG):
            return self.get_response(request)
        start, counter = time.perf_counter(), QueryCounter()
        with connection.execute_wrapper(counter):
            response = self.get_response(request)
        total_ms = 1000 * (time.perf_counter() - start)
        response["Server-Timing"] = (
            f'total;dur={total_ms:.1f}, db;dur={counter.ms:.1f};desc="{counter.queries} queries"'
        )
        return response


class QueryCounter:
    """Counts and times what a request asks of the database."""

    def __init__(self) -> None:
        self.queries, self.ms = 0, 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.queries += 1
            self.ms += 1000 * (time.perf_counter() - start)


class Compress(GZipMiddleware):
    """Pages and tables go out compressed: the roster of 600 people is a tenth as heavy on a phone.

    Files (images, models, archives) are sent as they are: most are compressed already, and a download keeps its length. Against
    guessing secrets from the length of a page (BREACH) Django pads each answer by a random length and masks each form token anew.
    """

    TYPES = ("text/html", "text/csv", "application/json")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.headers.get("Content-Type", "").startswith(self.TYPES):
            return response
        return super().process_response(request, response)


class SecurityHeaders(Middleware):
    """What Django does not set: no feature of the browser is needed, no other site may embed what we serve.

    Pages of somebody who is signed in are kept nowhere: after signing out, the back button shows no grades.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if known_person(request):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class KnownHost(Middleware):
    """A host name that is not ours gets its page before anything asks for the name, and one line in the log, no traceback."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            log.warning("unknown_host", host=request.META.get("HTTP_HOST", "")[:200], hint="see ALLOWED_HOSTS")
            return error_pages.unknown_host(request)
        return self.get_response(request)


class RequestId(Middleware):
    """The id that stands in the logs, on the response, for the person to quote."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found = structlog.contextvars.get_contextvars().get("request_id")
        if found:
            response["X-Request-Id"] = str(found)
        return response


class PersonZone(Middleware):
    """Times in the person's zone where one is chosen; a course page falls back to the course's (courses/access.py)."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "zone", "")
        with timezone.override(zone or settings.TIME_ZONE):
            return self.get_response(request)


class DefaultDeny(Middleware):
    """A view that declares no audience is nobody's: 404, and a line in the log for the developer."""

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if audience_of(view) is None:
            log.error("undeclared_audience", view=f"{view.__module__}.{view.__name__}")
            raise Http404


def no_nul() -> BadInput:
    return BadInput(
        gettext(
            "What was sent holds a character without a meaning (NUL, or half of one), which cannot be kept; nothing was changed. "
            "Go back, and type that text anew."
        ),
        code="nul_character",
    )


AWAY = frozenset({503, 507})  # Unavailable, and a disk that is full
JSON_TAKES_NO = ("\\u0000 cannot", "Unicode low surrogate", "Unicode high surrogate")


def cannot_be_kept(error: Exception) -> bool:
    """Whether text was sent that PostgreSQL's driver (NUL), its JSON (NUL again), or UTF-8 (half a character) does not take."""
    said = str(error)
    return (
        (isinstance(error, ValueError) and "NUL (0x00)" in said)
        or (
            isinstance(error, DataError)
            and ("\\u0000 cannot" in said or "Unicode low surrogate" in said or "Unicode high surrogate" in said)
        )
        or (isinstance(error, UnicodeEncodeError) and "surrogates not allowed" in said)
    )


class Refusals(Middleware):
    """Turns an AppError of any view, and the empty 405 of Django's, into a page or a JSON document. Where something of ours is away, programs
    are told when to come again."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return error_pages.method_not_allowed(request, response["Allow"])
        if response.status_code in AWAY:
            response.headers.setdefault("Retry-After", str(AGAIN_IN_S))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AppError):
            return error_pages.answer(request, exception)
        if is_busy(exception):
            log.warning("writes_busy", path=request.path)
            return error_pages.writes_busy(request)
        if is_away(exception):
            log.warning("database_away", path=request.path, why=str(exception).strip())
            return error_pages.database_away(request)
        if cannot_be_kept(exception):
            return error_pages.answer(request, no_nul())
        return None
