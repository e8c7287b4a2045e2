"""How the site is at this moment: asked at most once in five seconds by each process, however many look.

The answer goes through the cache, so that several processes share it; where the cache is away each asks the database itself.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from courseplatform.core import health
from courseplatform.core.lines import LineNow, lines_now
from courseplatform.core.models import Heartbeat
from courseplatform.metrics.durations import BOUNDS_MS, percentile_ms
from courseplatform.metrics.models import RequestMinute
from courseplatform.status.banner import Banner, banners_kept
from courseplatform.status.hooks import HandedIn, LabLine, Machine, registry
from courseplatform.status.models import Incident, IncidentStatus

T = TypeVar("T")
HOUR, EVENING = timedelta(hours=1), timedelta(hours=12)


class Shared(Generic[T]):
    """A value that is computed at most once in `lasts_s` seconds: remembered by the process, shared through the cache.

    While one thread computes, the others answer with the last value, where there is one.
    """

    def __init__(self, key: str, lasts_s: float, compute: Callable[[], T]) -> None:
        self.key, self.lasts_s, self.compute = key, lasts_s, compute
        self._value: T | None = None
        self._until_s = 0.0
        self._lock = threading.Lock()

    def get(self) -> T:
        if self._value is not None and time.monotonic() < self._until_s:
            return self._value
        last = self._value
        if not self._lock.acquire(blocking=last is None):
            return last  # type: ignore[return-value]  # not blocking only where there is a last one
        try:
            if self._value is None or time.monotonic() >= self._until_s:
                found: Any = cache.get(self.key)
                if found is None:
                    found = self.compute()
                    cache.set(self.key, found, self.lasts_s)
                self._value, self._until_s = found, time.monotonic() + self.lasts_s / 2
            return self._value
        finally:
            self._lock.release()

    def forget(self) -> None:
        self._value, self._until_s = None, 0.0
        cache.delete(self.key)


@dataclass(frozen=True)
class Served:
    """What handing in took in the last hour, from the last byte to the answer, in milliseconds; None where nothing was handed in."""

    half_ms: float | None
    slowest_ms: float | None


@dataclass(frozen=True)
class OpenIncident:
    title: str
    opened_at: datetime
    is_down: bool
    is_public: bool


@dataclass(frozen=True)
class State:
    """All that the page tells of this moment. lost: runs of the last twelve hours that ended by a fault of ours. silent_s: since when the
    ordinary worker gave no sign of life; None: it has not yet begun. result_in: words by kind."""

    at: datetime
    lines: list[LineNow]
    result_in: dict[str, str]
    labs: list[LabLine]
    machines: list[Machine]
    handed_in: HandedIn
    served: Served
    incidents: list[OpenIncident]
    lost: int
    silent_s: float | None
    pace_s: float | None
    banners: tuple[Banner, ...] = ()


def compute() -> State:
    """About thirty queries, whatever the size of the site."""
    now = timezone.now()
    arrived = [read(now - HOUR) for read in registry.handed_in.values()]
    sizes = [one.largest_bytes for one in arrived if one.largest_bytes is not None]
    rows = Incident.objects.filter(status=IncidentStatus.OPEN).order_by("opened_at")[:20]
    paces = [pace for read in registry.pace_s.values() if (pace := read(now)) is not None]
    return State(
        at=now, lines=lines_now(), result_in={kind: read(now) for kind, read in registry.result_in.items()},
        labs=[line for read in registry.lab_lines.values() for line in read(now)],
        machines=[one for read in registry.machines.values() for one in read(now)],
        handed_in=HandedIn(sum(one.arrived for one in arrived), sum(one.with_receipt for one in arrived), max(sizes, default=None)),
        served=served_since(now - HOUR),
        incidents=[OpenIncident(row.title, row.opened_at, row.is_down, row.is_public) for row in rows],
        lost=sum(read(now - EVENING) for read in registry.lost_runs.values()), silent_s=_silent_s(now), pace_s=max(paces, default=None),
        banners=banners_kept(now=now),
    )  # fmt: skip


def served_since(since: datetime) -> Served:
    """From the histograms of the web processes. One query."""
    counts: dict[int, int] = {}
    rows = RequestMinute.objects.filter(at__gte=since, kind="hand_in").values_list("durations", flat=True)
    for durations in rows:
        for index, many in durations.items():
            counts[int(index)] = counts.get(int(index), 0) + int(many)
    if not counts:
        return Served(None, None)
    return Served(percentile_ms(counts, 0.5), BOUNDS_MS[min(max(counts), len(BOUNDS_MS) - 1)])


def _silent_s(now: datetime) -> float | None:
    last = Heartbeat.objects.filter(name="ordinary").first()
    if last is None or (settings.BOOT and last.boot != settings.BOOT):
        return None
    return max((now - last.at).total_seconds(), 0.0)


def is_silent(silent_s: float | None) -> bool:
    return silent_s is not None and silent_s > health.FRESH.total_seconds()


state = Shared("status.state", 5.0, compute)
