"""Minutes of requests are kept for a month."""

from datetime import datetime, timedelta

from django.utils import timezone

from courseplatform.metrics.models import RequestMinute

KEPT = timedelta(days=30)
AT_ONCE = 5000  # rows that one statement deletes, so that nobody waits for the lock


def minutes_forget(now: datetime | None = None) -> int:
    """Delete a portion of what is older than KEPT; returns how many rows."""
    old = RequestMinute.objects.filter(at__lt=(now or timezone.now()) - KEPT).order_by("at")
    keys = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return RequestMinute.objects.filter(pk__in=keys).delete()[0] if keys else 0
