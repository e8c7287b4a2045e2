"""What time does: views run out, and rows grow old."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from courseplatform.audit.models import AuditRow
from courseplatform.audit.view_as.services import student_views_sweep

AT_ONCE = 2000  # rows that one statement deletes, so that nobody waits for the lock


def audit_sweep(now: datetime | None = None) -> dict[str, int]:
    now = now or timezone.now()
    return {"views": student_views_sweep(now), "rows": audit_forget(now)}


def audit_forget(now: datetime) -> int:
    """Delete a portion of what is older than AUDIT_DAYS. The only place that deletes rows: through the base manager, which may."""
    old = AuditRow._base_manager.filter(at__lt=now - timedelta(days=settings.AUDIT_DAYS)).order_by("at")
    keys = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return AuditRow._base_manager.filter(pk__in=keys).delete()[0] if keys else 0
