"""What every page shows: who visits which course, the hour, and on a page of a course the zone its times are in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from courseplatform.courses.zones import zone_note


def visit(request: HttpRequest) -> dict[str, Any]:
    visit = getattr(request, "visit", None)
    return {
        "visit": visit,
        "now": timezone.localtime(),
        "zone_note": zone_note(visit.course) if visit else "",
        "demo": settings.DEMO,
    }
