"""The host of uploaded content: signed links to files, and nothing else. No session, no cookie, no page of the site."""

from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from courseplatform.core.busy import is_busy, too_busy
from courseplatform.core.content.links import PATH, Given, file_of, is_content_host, read_link
from courseplatform.core.content.serving import give
from courseplatform.core.errors import AppError, NotHere
from courseplatform.core.middleware import Middleware

log = structlog.get_logger(__name__)
# What pages of the site may read of an answer, and may ask for (a range of a PDF).
EXPOSED = "Accept-Ranges, Content-Length, Content-Range, ETag"
NO_FILE = "This address gives out files that people handed in, by links from the site. There is no page here."


class ContentHost(Middleware):
    """Answers by itself on that host, before a session, a static file or a page is looked for; other hosts pass."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_content_host(request.get_host()):
            return self.get_response(request)
        try:
            response = _answer(request)
        except AppError as error:
            response = _refusal(request, error)
        except OperationalError as error:
            if not is_busy(error):
                raise
            response = _refusal(request, too_busy())
        response["Cache-Control"], response["Referrer-Policy"] = "private, no-store", "no-referrer"
        response["Cross-Origin-Resource-Policy"] = "same-origin"  # embedding goes by CORS, for one origin
        response["Vary"] = "Origin"
        return response  # type: ignore[return-value]


def _answer(request: HttpRequest) -> HttpResponseBase:
    if not request.path.startswith(PATH):
        raise NotHere(NO_FILE)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, OPTIONS"})
    given = read_link(request.path.removeprefix(PATH))
    if request.method == "OPTIONS":
        response: HttpResponseBase = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"], response["Access-Control-Allow-Headers"] = (
            "GET, HEAD",
            "Range, If-Range",
        )
        return _for_the_site(request, given, response)
    response = give(given, file_of(given), request.headers.get("Range", ""), request.headers.get("If-Range", ""))
    log.info("content_given", model=given.model, key=given.key, status=response.status_code)
    return _for_the_site(request, given, response)


def _for_the_site(request: HttpRequest, given: Given, response: HttpResponseBase) -> HttpResponseBase:
    """To the pages of the site that signed the link, and to no others, without credentials."""
    if request.headers.get("Origin", "") == given.site:
        response["Access-Control-Allow-Origin"] = given.site
        response["Access-Control-Expose-Headers"] = EXPOSED
    return response


def _refusal(request: HttpRequest, error: AppError) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        response: HttpResponse = JsonResponse(error.to_json(), status=error.http_status)
    else:
        context: dict[str, Any] = {"title": error.title or "No file here", "message": error.message, "code": error.code}
        page = render_to_string("core/no_content.html", context | {"site_url": settings.SITE_URL})
        response = HttpResponse(page, status=error.http_status)
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response
