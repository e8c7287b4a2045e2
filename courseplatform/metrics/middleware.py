"""Every request is counted and timed, around all other middleware."""

import time

from django.http import HttpRequest, HttpResponse

from courseplatform.core.middleware import Respond
from courseplatform.metrics import web
from courseplatform.metrics.kinds import MINUTE_KINDS, PROBE, kind_of
from courseplatform.metrics.minutes import here


class Measured:
    """From the first line of ours to the answer; what a client takes to read it is not in it.

    A hand-in is timed from its last byte (core/uploads.py notes when that was): before it we wait for the sender.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        request.began = began  # type: ignore[attr-defined]
        web.in_flight.inc()
        try:
            response = self.get_response(request)
        finally:
            web.in_flight.dec()
        _count(request, response.status_code, getattr(request, "body_ended", began))
        return response


def _count(request: HttpRequest, status: int, since: float) -> None:
    took_s = time.perf_counter() - since
    kind = kind_of(request)
    web.requests.labels(kind, web.method_of(request.method), f"{status // 100}xx").observe(took_s)
    if kind in MINUTE_KINDS:
        here().count(kind, 1000 * took_s, failed=status >= 500)
    if (size_bytes := getattr(request, "handed_in_bytes", None)) is not None and status < 400:
        web.hand_ins.labels(web.size_class(size_bytes)).observe(took_s)
    if status >= 500 and kind != PROBE:
        web.server_errors.labels(route_of(request) or "none").inc()


def route_of(request: HttpRequest) -> str:
    """`app:name` of the address; empty where there is none."""
    return (request.resolver_match.view_name or "") if request.resolver_match else ""
