"""How many units late an instant is: the only place that looks at clocks, calendars and clock changes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from math import floor

from grading.late.facts import Policy

DAY = timedelta(days=1)
LARGEST_CLOCK_CHANGE = timedelta(hours=26)  # Samoa left out a whole day in 2011
SATURDAY = 5


def read_clock(policy: Policy, at: datetime) -> datetime:
    """The instant as the policy compares it: in UTC, without seconds where only whole minutes count."""
    plain = at.astimezone(UTC)
    return plain.replace(second=0, microsecond=0) if policy.minute == "whole" else plain


def grace_of(policy: Policy) -> timedelta:
    return timedelta(seconds=float(policy.grace_minutes * 60))


def counted_due(policy: Policy, due: datetime) -> datetime:
    """The due time that counts: `shift` moves it, the other kinds of grace do not."""
    read = read_clock(policy, due)
    return read + grace_of(policy) if policy.grace_at == "shift" else read


def is_in_grace(policy: Policy, due: datetime, at: datetime) -> bool:
    """Whether nothing is late yet: up to the due time, and to the end of the grace after it, which is inside."""
    return read_clock(policy, at) <= read_clock(policy, due) + grace_of(policy)


def passed_boundaries(policy: Policy, due: datetime, at: datetime) -> Iterator[datetime]:
    """The boundaries (UTC) between the due time and `at` that make it late, one for each late unit, earliest first.

    Raises nothing: at or before the due time there are none.
    """
    if is_in_grace(policy, due, at):
        return
    slack = grace_of(policy) if policy.grace_at == "every" else timedelta()
    due, at = counted_due(policy, due), read_clock(policy, at)
    found = _hours(policy, due, at) if policy.unit.kind == "hours" else _days(policy, due, at)
    yield from _without_weekends(policy, _passed(policy, at, slack, found))


def units_late(policy: Policy, due: datetime, at: datetime) -> int:
    """The late units of a hand-in at `at`. The same as counting `passed_boundaries`, without walking through a year of hours."""
    if policy.unit.kind == "hours" and policy.weekend == "counts" and not is_in_grace(policy, due, at):
        length = timedelta(hours=float(policy.unit.hours))
        slack = grace_of(policy) if policy.grace_at == "every" else timedelta()
        certain = floor((read_clock(policy, at) - slack - counted_due(policy, due) - LARGEST_CLOCK_CHANGE) / length)
        if certain > 0:
            rest = _hours(policy, counted_due(policy, due), read_clock(policy, at), first=certain)
            return certain + sum(1 for _ in _passed(policy, read_clock(policy, at), slack, rest))
    return sum(1 for _ in passed_boundaries(policy, due, at))


def _passed(policy: Policy, at: datetime, slack: timedelta, boundaries: Iterable[datetime]) -> Iterator[datetime]:
    """Exactly at a boundary the policy's edge decides; the end of a grace is inside. The due time itself was asked for before."""
    for boundary in boundaries:
        end = boundary + slack
        if at > end or (at == end and not slack and policy.edge_is_late):
            yield end


def later_by(policy: Policy, at: datetime, units: int) -> datetime:
    """The instant `units` late units after `at`: calendar days at the same clock time, or hours by the policy's clock.

    Of a wall time that comes twice the first is meant, unless that is over already: from the second 01:30 on, 01:40 is the second too.
    """
    is_day = policy.unit.kind == "calendar_day"
    length = units * (DAY if is_day else timedelta(hours=float(policy.unit.hours)))
    if not is_day and policy.unit.clock == "elapsed":
        return at + length
    wall = (at.astimezone(policy.zone).replace(tzinfo=None) + length).replace(tzinfo=policy.zone)
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    return second if first <= at < second else first


def _hours(policy: Policy, due: datetime, at: datetime, first: int = 0) -> Iterator[datetime]:
    """due, due + h, due + 2h, ... until no further one can have passed. On the wall clock a skipped time is the one after the change
    (02:30 is 03:30), and of a time that comes twice the first is meant."""
    limit = at + LARGEST_CLOCK_CHANGE
    for n in count(first):
        boundary = later_by(policy, due, n) if n else due
        if boundary > limit:
            return
        if boundary <= at:
            yield boundary


def _days(policy: Policy, due: datetime, at: datetime) -> Iterator[datetime]:
    """The local boundary times strictly after the due time; with `due_day: counts` the due time before them."""
    if policy.unit.due_day == "counts":
        yield due
    day = due.astimezone(policy.zone).date() - DAY
    before = due
    while True:
        boundary = datetime.combine(day, policy.unit.boundary, policy.zone).astimezone(UTC)
        if boundary > at:
            return
        if boundary > before:  # never the same instant twice, where a clock change leaves out a whole day
            yield boundary
            before = boundary
        day += DAY


def _without_weekends(policy: Policy, boundaries: Iterable[datetime]) -> Iterator[datetime]:
    seen: set[date] = set()
    for boundary in boundaries:
        day = boundary.astimezone(policy.zone).date()
        if policy.weekend != "counts" and day.weekday() >= SATURDAY:
            saturday = day - DAY * (day.weekday() - SATURDAY)
            if policy.weekend == "skipped" or saturday in seen:
                continue
            seen.add(saturday)
        yield boundary
