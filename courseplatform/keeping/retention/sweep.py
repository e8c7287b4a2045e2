"""What time does to a course that has ended: what was announced leaves, in small batches.

Each batch is a transaction of its own and asks anew whether it still holds, so the sweep may be killed at any moment and may run twice.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courseplatform.audit.models import Act, AuditRow
from courseplatform.core import numbers
from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import KINDS, sources_of
from courseplatform.keeping.models import Leaving, RetentionPolicy
from courseplatform.keeping.retention.announcing import announce
from courseplatform.keeping.retention.days import came_before, policy_day, today_in
from courseplatform.keeping.retention.plan import policy_of

AT_ONCE, BATCHES = 100, 50  # rows of one transaction, and transactions of one sweep
ACTOR = "The retention policy"
log = structlog.get_logger(__name__)


def retention_sweep(*, now: datetime | None = None, batches: int = BATCHES) -> int:
    """Tell, and delete what was told. Returns how many things are gone; what is left over goes with the next sweep."""
    if not settings.RETENTION:
        return 0
    now, gone, left = now or timezone.now(), 0, batches
    for course in Course.objects.exclude(ends_on=None).order_by("pk"):
        if policy_of(course).is_held:
            continue
        announce(course, now)
        for row in Leaving.objects.filter(course=course, leaves_on__lte=today_in(course, now)).order_by("pk"):
            while left > 0 and (taken := batch_take(row.pk, now)):
                gone, left = gone + taken, left - 1
    return gone


@transaction.atomic
def batch_take(leaving: int, now: datetime) -> int:
    """One batch of one kind. 0: nothing is left, or it may not go any more; then what went since the last time is a line of the audit."""
    row = Leaving.objects.select_for_update().select_related("course").filter(pk=leaving).first()
    if row is None or not _may_go(row, now):
        return 0
    course, days = row.course, policy_of(row.course).days_of(row.kind)
    before, taken, size = came_before(course, today_in(course, now), days), 0, 0
    for source in sources_of(row.kind):
        if taken < AT_ONCE:
            found = source.take(course, before, AT_ONCE - taken, now)
            taken, size = taken + found.count, size + found.bytes
    if taken:
        row.gone, row.gone_bytes = row.gone + taken, row.gone_bytes + size
        row.save(update_fields=["gone", "gone_bytes"])
    elif row.gone:
        _end(row, now)
    return taken


def _may_go(row: Leaving, now: datetime) -> bool:
    """Asked in the transaction that deletes: the course may have been held, prolonged, or given more days since the sweep began."""
    policy = RetentionPolicy.objects.select_for_update().filter(course=row.course).first()
    policy = policy or RetentionPolicy(course=row.course)
    first, today = policy_day(row.course, policy.days_of(row.kind)), today_in(row.course, now)
    return (
        not policy.is_held and row.last_told_on is not None and first is not None and max(first, row.leaves_on) <= today
    )


def _end(row: Leaving, now: datetime) -> None:
    kind = KINDS[row.kind]
    size = f", {numbers.disk(row.gone_bytes)}" if row.gone_bytes else ""
    said = f"Deleted {kind.counted(row.gone)}{size} by the retention policy: {kind.title.lower()}"
    path = f"{row.course.get_absolute_url()}retention/"
    AuditRow.objects.create(course=row.course, actor=ACTOR, act=Act.CHANGED, what=said[:200], path=path, at=now)
    log.info("retention_deleted", course=row.course.slug, kind=row.kind, count=row.gone, bytes=row.gone_bytes)
    row.gone, row.gone_bytes, row.ended_at = 0, 0, now
    row.save(update_fields=["gone", "gone_bytes", "ended_at"])
