"""Refusals and faults as people read them, or as JSON for those who ask for it. Each has a code and the request's id."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from courseplatform.core.errors import AppError, NotHere

TITLES = {
    400: "This request cannot be read",
    403: "This page is for others",
    404: "Not here, or not yours",
    409: "That does not work now",
    413: "The file is too large",
    422: "That cannot be used",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "Back in a moment",
}


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def answer(request: HttpRequest, error: AppError) -> HttpResponse:
    """The page or the JSON document of a refusal."""
    if wants_json(request):
        return JsonResponse(error.to_json(), status=error.http_status)
    return _page(request, error.http_status, error.message, error.code)


def _page(request: HttpRequest, status: int, message: str, code: str) -> HttpResponse:
    context = {
        "status": status,
        "title": TITLES.get(status, TITLES[400]),
        "message": message,
        "code": code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    return render(request, "core/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(
        request, 400, "The browser sent something that the server could not read. Go back and try again.", "bad_request"
    )


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(
        request, 403, "You are signed in, but this is for others. If that is wrong, ask the course staff.", "forbidden"
    )


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, NotHere("There is no such page, or it is not yours to see."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This form is out of date, or cookies are off. Reload the page and send it again; nothing was recorded."
    if wants_json(request):
        return JsonResponse({"error": {"code": "csrf_failed", "message": message}}, status=403)
    return _page(request, 403, message, "csrf_failed")


def server_error(request: HttpRequest) -> HttpResponse:
    message = "It is not your fault, and what you had handed in is safe. Try again; if it stays, tell the staff the number below."
    return _page(request, 500, message, "server_error")
