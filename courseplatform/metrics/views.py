"""What Prometheus reads."""

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from courseplatform.core.audience import Audience, declare
from courseplatform.core.errors import NotHere, NotSignedIn
from courseplatform.metrics.exposition import exposition


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For who has METRICS_TOKEN. Without one: in the embedded world for programs on this machine, else for nobody."""
    _check(request)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _check(request: HttpRequest) -> None:
    """Raises NotHere where nobody may, NotSignedIn for a wrong token."""
    if not settings.METRICS_TOKEN:
        came_through_a_proxy = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
        is_here = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not came_through_a_proxy
        if not (settings.EMBEDDED and is_here):
            raise NotHere("There is no such page.")
        return
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not hmac.compare_digest(sent, settings.METRICS_TOKEN.encode()):
        raise NotSignedIn(
            "Metrics are for who sends METRICS_TOKEN: `Authorization: Bearer ...`.", code="bad_metrics_token"
        )


declare(metrics, Audience.MONITOR)
