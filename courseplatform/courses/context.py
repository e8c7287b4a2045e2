"""What every page of a course shows: who visits, the hour, the zone."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


def visit(request: HttpRequest) -> dict[str, Any]:
    now = timezone.localtime()
    zone = timezone.get_current_timezone_name()
    return {
        "visit": getattr(request, "visit", None),
        "now": now,
        "zone_label": "UTC" if zone == "UTC" else f"{zone.rsplit('/', 1)[-1].replace('_', ' ')} ({now:%Z})",
        "demo": settings.DEMO,
    }
