"""How many were out when, how much of a time that was, and who had to wait: arithmetic on plain values, no database."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Span:
    """Something lasted from one instant until another, that one excluded; None: it still lasts. count: so many at a time.

    went_without: of a wish, that it ended without being served.
    """

    product: int
    from_at: datetime
    until_at: datetime | None
    count: int = 1
    went_without: bool = False

    def within(self, start: datetime, end: datetime) -> timedelta:
        return max(min(self.until_at or end, end) - max(self.from_at, start), timedelta())


@dataclass(frozen=True)
class Day:
    """One day of a curve. out: at its end, of the last one now. most: at once during it."""

    day: date
    out: int
    most: int


@dataclass(frozen=True)
class Peak:
    """The most at once, and when it was so first; None: never any."""

    number: int = 0
    at: datetime | None = None


class Curve:
    """How many last at an instant: a step function, made once and asked often."""

    def __init__(self, spans: Iterable[Span]) -> None:
        change: dict[datetime, int] = {}
        for one in spans:
            change[one.from_at] = change.get(one.from_at, 0) + one.count
            if one.until_at is not None:
                change[one.until_at] = change.get(one.until_at, 0) - one.count
        self.at = sorted(change)
        self.after: list[int] = []
        number = 0
        for moment in self.at:
            number += change[moment]
            self.after.append(number)

    def __call__(self, moment: datetime) -> int:
        place = bisect_right(self.at, moment)
        return self.after[place - 1] if place else 0

    def peak(self, start: datetime, end: datetime) -> Peak:
        """The most at once in [start, end]."""
        found = Peak(self(start), start) if self(start) else Peak()
        for place in range(bisect_right(self.at, start), bisect_right(self.at, end)):
            if self.after[place] > found.number:
                found = Peak(self.after[place], self.at[place])
        return found

    def days(self, first: date, now: datetime, zone: ZoneInfo) -> list[Day]:
        """From `first` to the day of `now`, by the walls of `zone`: a day of 23 or 25 hours is a day."""
        last = now.astimezone(zone).date()
        edges = [midnight(first + timedelta(days=n), zone) for n in range((last - first).days + 1)] + [now]
        tick = timedelta(microseconds=1)
        found = []
        for start, end in pairwise(edges):
            until = end if end == now else end - tick
            found.append(Day(start.astimezone(zone).date(), self(until), self.peak(start, until).number))
        return found


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def share_out(spans: Iterable[Span], owned: int, start: datetime, end: datetime) -> float:
    """Of all the time of all items between two instants, how much they were out: 0 to 1."""
    whole = owned * (end - start)
    return min(sum((one.within(start, end) for one in spans), timedelta()) / whole, 1.0) if whole > timedelta() else 0.0


def days_of(spans: Iterable[Span], start: datetime, end: datetime, zone: ZoneInfo) -> set[date]:
    """The days, by the walls of `zone`, of which any span holds a moment."""
    found: set[date] = set()
    for one in spans:
        first, last = max(one.from_at, start), min(one.until_at or end, end)
        if last <= first:
            continue
        begin, final = first.astimezone(zone).date(), (last - timedelta(microseconds=1)).astimezone(zone).date()
        found.update(begin + timedelta(days=n) for n in range((final - begin).days + 1))
    return found


WORTH_DAYS = 3  # a wait shorter than a weekend is no reason to buy


@dataclass(frozen=True)
class Short:
    """What the waiting list says of a product. most: items that were wanted at once and not there. item_days: how long, all together."""

    days: int = 0
    went_without: int = 0
    most: int = 0
    most_at: datetime | None = None
    item_days: float = 0.0

    @property
    def is_worth_buying(self) -> bool:
        return self.days >= WORTH_DAYS or self.went_without > 0


def short_of(wishes: Sequence[Span], start: datetime, end: datetime, zone: ZoneInfo) -> Short:
    """wishes: of one product, from when a request began to wait until it was served or given up."""
    within = [one for one in wishes if one.within(start, end)]
    peak = Curve(within).peak(start, end)
    return Short(
        days=len(days_of(within, start, end, zone)),
        went_without=sum(one.went_without for one in within),
        most=peak.number,
        most_at=peak.at,
        item_days=sum(one.count * (one.within(start, end) / timedelta(days=1)) for one in within),
    )
