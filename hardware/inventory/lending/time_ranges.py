"""From the days and wall times of a form to a range of instants, and what a range may be. Pure: no rows; `now` is given.

Days are those of the course's zone. A day without an hour is meant whole: from its first instant, until 23:59.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from courseplatform.core.errors import BadInput

DAY_ENDS = time(23, 59)
GRACE = timedelta(minutes=10)  # a form that was open for a while still means now


@dataclass(frozen=True)
class TimeRange:
    """[from_at, until_at), aware instants."""

    from_at: datetime
    until_at: datetime


def instant_of(zone: ZoneInfo, day: date, at: time | None, *, whole: time, field: str) -> datetime:
    """The instant of a wall time; of one that comes twice, when the clocks go back, the first.

    Args:
        at: None = the hour was left open; then `whole`, or the first instant after it where the clocks skip it.

    Raises BadInput (`skipped_time`): the clocks go forward over it.
    """
    found = datetime.combine(day, at or whole, tzinfo=zone).astimezone(UTC)
    if at is not None and found.astimezone(zone).time() != at:
        raise BadInput(
            f"{at:%H:%M} does not exist on {day:%b %-d}: the clocks go forward over it. Choose another hour.",
            code="skipped_time",
            details={"field": field},
        )
    return found


def start_of(zone: ZoneInfo, day: date, at: time | None, now: datetime) -> datetime:
    """When it begins: today without an hour is from now on. Raises BadInput (`skipped_time`, `past`)."""
    found = instant_of(zone, day, at, whole=time(), field="from_day")
    if found < now and ((day == now.astimezone(zone).date() and at is None) or now - found <= GRACE):
        return now
    return found


def range_of(
    zone: ZoneInfo, from_day: date, from_time: time | None, until_day: date, until_time: time | None, now: datetime
) -> TimeRange:
    """What a form says. Raises BadInput: `skipped_time`; what the range itself may not be is said by `check_range`."""
    return TimeRange(
        start_of(zone, from_day, from_time, now),
        instant_of(zone, until_day, until_time, whole=DAY_ENDS, field="until_day"),
    )


def check_range(found: TimeRange, *, zone: ZoneInfo, now: datetime) -> None:
    """What nobody can ask for. Raises BadInput: `backwards`, `past`."""
    if found.until_at <= found.from_at:
        same = found.until_at == found.from_at
        raise BadInput(
            f"It would {'end when it begins' if same else 'end before it begins'}: from {moment(zone, found.from_at)} until "
            f"{moment(zone, found.until_at)}. Choose a later end.", code="backwards", details={"field": "until_day"},
        )  # fmt: skip
    if found.from_at < now - GRACE:
        raise BadInput(
            f"{moment(zone, found.from_at)} is past. Choose today or a later day.", code="past", details={"field": "from_day"}
        )  # fmt: skip


def check_length(found: TimeRange, *, zone: ZoneInfo, longest_days: int | None, last_at: datetime | None) -> None:
    """What the rules of a course allow its students. Days are counted on the wall, so that a clock change costs nobody an hour.

    Args:
        last_at: when everything has to be back; None = the course says nothing of it.

    Raises BadInput: `too_long`, `beyond_term`.
    """
    if longest_days is not None and found.until_at > days_later(zone, found.from_at, longest_days):
        raise BadInput(
            f"At most {longest_days} day{'' if longest_days == 1 else 's'} at a time: until {moment(zone, days_later(zone, found.from_at, longest_days))}.",
            code="too_long", details={"field": "until_day"},
        )  # fmt: skip
    if last_at is not None and found.until_at > last_at:
        raise BadInput(
            f"Everything has to be back by {moment(zone, last_at)}. Choose an end no later than that.",
            code="beyond_term", details={"field": "until_day"},
        )  # fmt: skip


def days_later(zone: ZoneInfo, at: datetime, days: int) -> datetime:
    """The same wall time so many days later."""
    wall = at.astimezone(zone)
    there = datetime.combine(wall.date() + timedelta(days=days), wall.time(), tzinfo=zone)
    return there.astimezone(UTC)


def moment(zone: ZoneInfo, at: datetime) -> str:
    """Fri Nov 3, 23:59"""
    return f"{at.astimezone(zone):%a %b %-d, %H:%M}"


def range_words(zone: ZoneInfo, found: TimeRange) -> str:
    """from Fri Nov 3, 10:00 until Tue Nov 7, 23:59"""
    return f"from {moment(zone, found.from_at)} until {moment(zone, found.until_at)}"
