"""What has to be sent, and when again: plain values in, a decision out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

PAUSES_S = (30, 60, 120, 300, 900, 3600, 3 * 3600, 6 * 3600)
MOST_TRIES = 20  # with these pauses three days: a weekend on which the LMS is away
LATER = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Wanted:
    """What the LMS is to show: points of, and when the work was handed in (None: nothing was)."""

    points: Decimal
    of: Decimal
    submitted_at: datetime | None = None


def changed(wanted: Mapping[int, Wanted], kept: Mapping[int, Wanted]) -> dict[int, Wanted]:
    """Person -> what is new for them."""
    return {person: score for person, score in wanted.items() if kept.get(person) != score}


def stamp_after(last: datetime | None, now: datetime) -> datetime:
    """The time of a new version: now, and after the last one also where a clock was set back. Whole milliseconds, as they are sent."""
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return at if last is None else max(at, last + LATER)


def again_at(tries: int, retry_after_s: int, now: datetime) -> datetime:
    """When a try that failed is repeated: later each time, and never before the LMS wants it."""
    pause = PAUSES_S[min(max(tries, 1), len(PAUSES_S)) - 1]
    return now + timedelta(seconds=max(pause, retry_after_s))
