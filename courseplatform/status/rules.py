"""When something is broken, and when it is whole again: rules with two lines each, so that none flaps. Pure.

A rule opens when its value has been at `opens_at` or above for `opens_after_s`, and closes when it has been under `closes_under` for
`closes_after_s`. Between the two lines nothing changes. What is dated is the first reading beyond the line, not the moment of the decision.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

GAP = timedelta(minutes=2)  # nobody looked for longer than this: what was pending begins anew

Words = Callable[[float], str]


def _no_words(value: float) -> str:
    return ""


@dataclass(frozen=True)
class Rule:
    """One thing that is watched.

    Attributes:
        key: stable, names the incident. probe: whose value is read (status/hooks.py: add_probe).
        title: what broke, as a sentence without a full stop; now: the same while it lasts. says: what it means for people, from the worst value.
        shown: the value as people read it, with its unit.
        is_public: anybody may read it; else it is an alert of the operators.
        is_down: nobody can work meanwhile.
    """

    key: str
    probe: str
    title: str
    opens_at: float
    closes_under: float
    opens_after_s: float = 30
    closes_after_s: float = 60
    says: Words = _no_words
    shown: Words = str
    now: str = ""
    is_public: bool = True
    is_down: bool = False

    def __post_init__(self) -> None:
        if self.closes_under > self.opens_at:
            raise ValueError(f"The rule {self.key} would flap: it closes above the value at which it opens.")


@dataclass(frozen=True)
class Where:
    """Where a rule stands after its last reading."""

    read_at: datetime | None = None
    above_since: datetime | None = None
    below_since: datetime | None = None
    worst: float = 0.0
    is_open: bool = False


@dataclass(frozen=True)
class Event:
    what: Literal["opened", "closed"]
    at: datetime
    worst: float


def step(rule: Rule, where: Where, at: datetime, value: float | None) -> tuple[Where, Event | None]:
    """One reading. value: None where it could not be read, which is no news: an open incident stays open, a pending one waits.

    A reading that is not later than the last one changes nothing: two watchers that meet count once.
    """
    if where.read_at is not None and at <= where.read_at:
        return where, None
    if where.read_at is not None and at - where.read_at > GAP:
        where = replace(where, above_since=where.above_since if where.is_open else None, below_since=None)
    if value is None:
        return where, None
    where = replace(where, read_at=at)
    return _while_open(rule, where, at, value) if where.is_open else _while_closed(rule, where, at, value)


def _while_closed(rule: Rule, where: Where, at: datetime, value: float) -> tuple[Where, Event | None]:
    if value < rule.opens_at:
        return replace(where, above_since=None, below_since=None, worst=0.0), None
    since, worst = where.above_since or at, max(where.worst, value)
    if (at - since).total_seconds() < rule.opens_after_s:
        return replace(where, above_since=since, worst=worst), None
    return replace(where, above_since=since, below_since=None, worst=worst, is_open=True), Event("opened", since, worst)


def _while_open(rule: Rule, where: Where, at: datetime, value: float) -> tuple[Where, Event | None]:
    worst = max(where.worst, value)
    if value >= rule.closes_under:
        return replace(where, below_since=None, worst=worst), None
    since = where.below_since or at
    if (at - since).total_seconds() < rule.closes_after_s:
        return replace(where, below_since=since, worst=worst), None
    return Where(read_at=at), Event("closed", since, worst)
