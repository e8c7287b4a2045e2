"""How many of something are free from when on. Pure: ranges that are taken in, steps of a count out.

Items of a product are alike, so what is free over a range is their number less the most that are taken at any instant of it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from hardware.inventory.lending.planning import FOREVER

Taken = tuple[datetime, datetime]


@dataclass(frozen=True)
class FreeTimes:
    """total: how many there are to lend. steps: (instant, how many are free from it on); the first is `now`, the last holds for ever."""

    total: int
    steps: tuple[tuple[datetime, int], ...]

    @property
    def now(self) -> int:
        return self.steps[0][1]

    def least(self, from_at: datetime, until_at: datetime) -> int:
        """How many are free all through [from_at, until_at)."""
        spans = zip(self.steps, [at for at, _ in self.steps[1:]] + [FOREVER], strict=True)
        return min((free for (at, free), end in spans if at < until_at and end > from_at), default=self.now)

    def next_for(self, count: int, from_at: datetime, length: timedelta) -> datetime | None:
        """The first instant, `from_at` or later, from which on so many are free for so long. None: as far as is known, never."""
        return next((at for at in self._starts(from_at) if self.least(at, _after(at, length)) >= count), None)

    def next_until(self, count: int, from_at: datetime, until_at: datetime) -> datetime | None:
        """The first instant from which on so many are free until `until_at`."""
        return next((at for at in self._starts(from_at) if at < until_at and self.least(at, until_at) >= count), None)

    def _starts(self, from_at: datetime) -> list[datetime]:
        return [from_at, *(at for at, _ in self.steps if at > from_at)]

    def spans(self, until_at: datetime) -> list[tuple[datetime, datetime, int]]:
        """(from, until, free) one after the other, cut at `until_at`."""
        known = [(at, free) for at, free in self.steps if at < until_at]
        return [(at, end, free) for (at, free), (end, _) in pairwise([*known, (until_at, 0)])]


def _after(at: datetime, length: timedelta) -> datetime:
    return FOREVER if FOREVER - at <= length else at + length


def free_times(total: int, taken: Iterable[Taken], now: datetime) -> FreeTimes:
    """From what is taken: ranges [from, until), those that have ended included."""
    changes: Counter[datetime] = Counter({now: 0})
    for from_at, until_at in taken:
        if until_at > now:
            changes[max(from_at, now)] -= 1
            changes[until_at] += 1
    free = total
    steps: list[tuple[datetime, int]] = []
    for at in sorted(changes):
        free += changes[at]
        if at != FOREVER and (not steps or steps[-1][1] != max(free, 0)):
            steps.append((at, max(free, 0)))
    return FreeTimes(total, tuple(steps))


def all_of(parts: Sequence[tuple[FreeTimes, int]], now: datetime) -> FreeTimes:
    """A set that needs so many of each part: one is free while all of its parts are."""
    instants = sorted({at for part, _ in parts for at, _ in part.steps} | {now})
    steps: list[tuple[datetime, int]] = []
    for at, end in pairwise([*instants, FOREVER]):
        free = int(all(part.least(at, end) >= need for part, need in parts))
        if not steps or steps[-1][1] != free:
            steps.append((at, free))
    return FreeTimes(1, tuple(steps))
