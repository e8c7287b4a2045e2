"""What the clock brings: uploads that nobody finishes run out, and bytes that no upload speaks for go. May run twice and at once."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from courseplatform.core.errors import IllegalMove, Unavailable
from courseplatform.uploads.models import OPEN, Upload
from courseplatform.uploads.services.receiving import upload_expire
from courseplatform.uploads.spools.base import spool

MOST = 200  # in one sweep, so that the worker stays free for others
KEPT = timedelta(days=30)  # how long the row of an ended upload tells what became of it
log = structlog.get_logger(__name__)


def uploads_sweep(*, now: datetime | None = None) -> dict[str, int]:
    """{"expired": uploads that ran out, "left_over": uploads whose bytes had outlived them, "forgotten": old rows}

    Where the storage is away one line says so, bytes and their rows stay as they are, and the next sweep finds them.
    """
    now = now or timezone.now()
    try:
        # Before anything runs out: a store that is away would let each of them wait for it.
        left_over = _clear()
    except Unavailable as error:
        log.warning(
            "uploads_not_swept", where=(settings.S3 or {}).get("endpoint") or settings.UPLOAD_SPOOL, code=error.code,
            why=str(error.__cause__ or error)[:300], do="Bring the storage back (/healthz asks it, too). The next sweep tries again.",
        )  # fmt: skip
        return {"expired": 0, "left_over": 0, "forgotten": _forget(now)}
    return {"expired": _expire(now), "left_over": left_over, "forgotten": _forget(now)}


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
