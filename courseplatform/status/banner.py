"""The notice on every page. No page asks the database for it: the row is the truth, the cache holds a copy, each process remembers it for seconds.

The look of every 15 s writes the copy anew, so a cache that was emptied has it again; where the cache is away, the status page alone
shows the notice, from its row.
"""

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.utils import timezone

from courseplatform.status.models import NoticeStatus, SiteNotice

SLOW_KEY, SLOW_KEPT_S = "status.slow", 60.0
KEY, KEPT_S, REMEMBERED_S = "status.banner", 24 * 3600, 5.0
AHEAD = timedelta(days=1)  # planned maintenance is announced so long before


class Banner(NamedTuple):
    """What a page needs of a notice."""

    pk: int
    text: str
    starts_at: datetime
    ends_at: datetime
    closes_site: bool

    def is_now(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_shown(self, now: datetime) -> bool:
        ahead = AHEAD if self.closes_site else timedelta(0)
        return self.starts_at - ahead <= now < self.ends_at


class _Memory:
    """What this process read last, and until when that holds (monotonic seconds)."""

    banners: tuple[Banner, ...] = ()
    slow = ""
    until_s = 0.0


def banners_kept(*, now: datetime) -> tuple[Banner, ...]:
    """From the rows, the earliest first: what is shown now or will be. One query."""
    rows = SiteNotice.objects.filter(status=NoticeStatus.SHOWN, ends_at__gt=now).order_by("starts_at", "pk")[:5]
    return tuple(Banner(row.pk, row.text, row.starts_at, row.ends_at, row.closes_site) for row in rows)


def banner_refresh(*, now: datetime) -> None:
    """Write the copy anew."""
    found = banners_kept(now=now)
    cache.set(KEY, [tuple(one) for one in found], KEPT_S)
    _Memory.banners, _Memory.until_s = found, time.monotonic() + REMEMBERED_S


def _remember() -> None:
    if time.monotonic() >= _Memory.until_s:
        said: Any = cache.get_many([KEY, SLOW_KEY])
        _Memory.banners, _Memory.slow = tuple(Banner(*one) for one in said.get(KEY) or ()), said.get(SLOW_KEY) or ""
        _Memory.until_s = time.monotonic() + REMEMBERED_S


def banners_now() -> tuple[Banner, ...]:
    """For every page: no query, and one question to the cache every few seconds."""
    _remember()
    now = timezone.now()
    return tuple(one for one in _Memory.banners if one.is_shown(now))


def slow_keep(said: str) -> None:
    """What the page says first where that is not that all is well; "" where it is. For a minute, unless it is said again."""
    cache.set(SLOW_KEY, said, SLOW_KEPT_S)


def slow_now() -> str:
    """What the last look said, for pages on which somebody waits. Asks no database."""
    _remember()
    return _Memory.slow


def closing() -> Banner | None:
    """The notice that closes the site at this moment."""
    now = timezone.now()
    return next((one for one in banners_now() if one.closes_site and one.is_now(now)), None)


def forget() -> None:
    """This process asks the cache again."""
    _Memory.banners, _Memory.slow, _Memory.until_s = (), "", 0.0
