"""What the clock brings: uploads that nobody finishes run out, and bytes that no upload speaks for go. May run twice and at once."""

from datetime import datetime, timedelta

from django.utils import timezone

from courseplatform.core.errors import IllegalMove
from courseplatform.uploads.models import OPEN, Upload
from courseplatform.uploads.services.receiving import upload_expire
from courseplatform.uploads.spools.base import spool

MOST = 200  # in one sweep, so that the worker stays free for others
KEPT = timedelta(days=30)  # how long the row of an ended upload tells what became of it


def uploads_sweep(*, now: datetime | None = None) -> dict[str, int]:
    """{"expired": uploads that ran out, "left_over": uploads whose bytes had outlived them, "forgotten": old rows}"""
    now = now or timezone.now()
    return {"expired": _expire(now), "left_over": _clear(), "forgotten": _forget(now)}


def _expire(now: datetime) -> int:
    done = 0
    for upload in Upload.objects.overdue(now).order_by("expires_at")[:MOST]:
        try:
            upload_expire(upload=upload)
        except IllegalMove:
            continue  # its last byte came just now, or another sweep was here
        done += 1
    return done


def _clear() -> int:
    # In this order: an upload whose bytes are seen has its row committed before the rows are asked.
    lying = set(spool().keys())
    gone = lying - set(Upload.objects.open().filter(pk__in=lying).values_list("pk", flat=True))
    states = dict(Upload.objects.filter(pk__in=gone).values_list("pk", "spool_state"))
    for key in gone:
        spool().discard(key, states.get(key, {}))
    return len(gone)


def _forget(now: datetime) -> int:
    old = Upload.objects.exclude(status__in=OPEN).filter(expires_at__lt=now - KEPT)
    return old.filter(pk__in=old.order_by("expires_at").values("pk")[:MOST]).delete()[1].get("uploads.Upload", 0)
