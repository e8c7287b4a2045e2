"""Pages that may stand in a frame of an LMS that we know, and in no other."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from courseplatform.core.errors import AppError
from courseplatform.lti.models import origin_of
from courseplatform.lti.selectors import frame_origins


def framed(response: HttpResponseBase, *, sends_to: str = "") -> HttpResponseBase:
    """Let the known platforms show this answer. sends_to: where its form may be sent besides."""
    origins = frame_origins()
    policy: dict[str, list[str]] = {"frame-ancestors": origins or ["'none'"]}
    if sends_to:
        policy["form-action"] = ["'self'", origin_of(sends_to)]
    response._csp_replace = policy  # type: ignore[attr-defined]  # as csp.decorators.csp_replace does
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # it knows no list of sites; frame-ancestors holds
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"  # our addresses of a launch open something
    return response


def in_frame(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of a launch: its answers, and its refusals too, may stand in a frame of a known platform."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            answer = view(request, *args, **kwargs)
        except AppError as error:
            answer = refusal(request, error)
        return answer if hasattr(answer, "_csp_replace") else framed(answer)

    return wrapper


def refusal(request: HttpRequest, error: AppError) -> HttpResponse:
    return render(request, "lti/refused.html", {"error": error}, status=error.http_status)


def is_framed(request: HttpRequest) -> bool:
    """Whether the answer is shown inside another page. A browser that does not say gets the page that works in both."""
    return request.headers.get("Sec-Fetch-Dest", "") != "document"
