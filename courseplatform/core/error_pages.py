"""Refusals and faults as people read them, or as JSON for those who ask for it. Each has a code and the request's id.

These pages are shown when something is missing: the session, the person, the database, a middleware that never ran. So
they are rendered without the request's context processors, from what is already in memory and nothing else.
"""

import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop

from courseplatform.core.audience import known_person
from courseplatform.core.busy import AGAIN_IN_S, away, is_away, is_busy, too_busy
from courseplatform.core.errors import AppError, Unavailable

TITLES = {
    400: gettext_noop("This request cannot be read"),
    403: gettext_noop("This page is for others"),
    404: gettext_noop("Not here, or not yours"),
    405: gettext_noop("This address works in another way"),
    409: gettext_noop("That does not work now"),
    410: gettext_noop("This was deleted"),
    413: gettext_noop("This is too large"),
    422: gettext_noop("That cannot be used"),
    429: gettext_noop("Too many tries"),
    500: gettext_noop("Something broke on our side"),
    503: gettext_noop("Back in a moment"),
}
OF_ERRORS = (gettext_noop("Not open yet"),)  # titles that errors.py names


API = "/api/"
SECRET = re.compile(r"password|token|secret|key|csrf", re.IGNORECASE)
CODED = re.compile(r"[A-Za-z0-9_.:-]*")  # one word: a choice, a key, a tag, a number
MOST_TYPED, MOST_FIELDS = 4000, 8


def wants_json(request: HttpRequest) -> bool:
    """Who asks for it, and every program at the API, whatever it says that it takes."""
    return request.path.startswith(API) or request.headers.get("Accept", "").startswith("application/json")


def answer(request: HttpRequest, error: AppError) -> HttpResponse:
    """The page or the JSON document of a refusal. The page leads back to the form, and repeats what was typed there, so that it is not lost."""
    return _answer(request, error, error.http_status, {"back": _back(request), "typed": _typed(request)})


def _back(request: HttpRequest) -> str:
    """The page of ours on which a form was sent; "" where the browser does not say, and for what was no form."""
    found = request.headers.get("Referer", "") if request.method == "POST" else ""
    if not url_has_allowed_host_and_scheme(found, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(found)
    if (
        parts.path == request.path
    ):  # a page that was the answer to another form: that address may take nothing but forms
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _typed(request: HttpRequest) -> list[str]:
    """Words out of a form that a view has read. Not what a button, a choice or a hidden field sends, and never a secret."""
    sent = getattr(request, "_post", None)  # asked for here, a body that was not read might be one that cannot be
    if not sent or not known_person(request):
        return []
    pairs = ((name, str(value).strip()) for name, values in sent.lists() for value in values)
    words = [value[:MOST_TYPED] for name, value in pairs if not SECRET.search(name) and not CODED.fullmatch(value)]
    return words[:MOST_FIELDS]


def _answer(
    request: HttpRequest, error: AppError, status: int, more: Mapping[str, Any] = MappingProxyType({})
) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(error.to_json(), status=status)
    context = _in_memory(request) | {
        "status": status,
        "title": gettext(error.title or TITLES.get(status, TITLES[400])),
        "message": error.message,
        "code": error.code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        **more,
    }
    return HttpResponse(render_to_string("core/error.html", context), status=status)


def _in_memory(request: HttpRequest) -> dict[str, Any]:
    """What the frame of a page shows, as far as the request had come."""
    found = {"request": request, "now": timezone.localtime(), "visit": getattr(request, "visit", None)}
    if person := known_person(request):
        found |= {"user": person, "csrf_token": get_token(request)}
    return found


def _refuse(request: HttpRequest, status: int, code: str, message: str, **details: Any) -> HttpResponse:
    return _answer(request, AppError(message, code=code, details=details), status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) >> 10
        said = gettext(
            "The text of this form is larger than %(most)s KiB, the most that the site takes. Go back, shorten it, and send it again."
        )
        message = said % {"most": most}
        return _refuse(request, 413, "form_too_large", message)
    message = gettext("The browser sent something that the server could not read. Go back and try again.")
    return _refuse(request, 400, "bad_request", message)


def unknown_host(request: HttpRequest) -> HttpResponse:
    message = gettext(
        "This site does not answer under the name in the address. Use the address that your course gave you."
    )
    return _refuse(request, 400, "unknown_host", message)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    message = gettext("You are signed in, but this is for others. If that is wrong, ask the course staff.")
    return _refuse(request, 403, "forbidden", message)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = gettext(
        "This form is out of date, or cookies are off. Reload the page and send it again; nothing was recorded."
    )
    return _refuse(request, 403, "csrf_failed", message)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _refuse(request, 404, "not_found", gettext("There is no such page, or it is not yours to see."))


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """`allowed`: the methods as the Allow header names them."""
    said = gettext(
        "This address takes %(taken)s, and the request was %(method)s. Go back and use the link or the button there."
    )
    message = said % {"taken": allowed.replace(", ", " or "), "method": request.method}
    response = _refuse(request, 405, "method_not_allowed", message, allowed=allowed.split(", "))
    response["Allow"] = allowed
    return response


def too_many(request: HttpRequest) -> HttpResponse:
    """allauth's rate limits end here. Each of them counts the tries of one minute (ACCOUNT_RATE_LIMITS)."""
    message = gettext("Too many tries in a short time. Wait one minute, then try again; nothing was changed.")
    response = _refuse(request, 429, "too_many_tries", message, wait_s=60)
    response["Retry-After"] = "60"
    return response


def writes_busy(request: HttpRequest) -> HttpResponse:
    response = answer(request, too_busy())
    response["Retry-After"] = str(AGAIN_IN_S)
    return response


def database_away(request: HttpRequest) -> HttpResponse:
    """Of the person only what was known before: nothing can be asked now."""
    response = _answer(request, away(), Unavailable.http_status)
    response["Retry-After"] = str(AGAIN_IN_S)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    if is_busy(error):  # outside a view: where a session is written
        return writes_busy(request)
    if is_away(error):
        return database_away(request)
    message = gettext(
        "It is not your fault, and what you had handed in is safe. Try again; if it stays, tell the staff the number below."
    )
    return _refuse(request, 500, "server_error", message)
