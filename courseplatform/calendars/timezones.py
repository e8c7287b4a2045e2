"""VTIMEZONE of a zone for some years, each clock change by itself.

Not `icalendar.Calendar.add_missing_timezones`: that of 7.3 gives the start of summer time as the hour after the change (03:00), where RFC
5545, 3.6.5 wants it in the offset before (02:00), so that a program which computes with it is an hour late in that night.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@lru_cache(maxsize=64)
def zone_text(name: str, first_year: int, last_year: int) -> bytes:
    """The component as it is sent; see `zone_component`."""
    return bytes(zone_component(name, first_year, last_year).to_ical())


def zone_component(name: str, first_year: int, last_year: int) -> Timezone:
    """The rules of a zone from the first day of one year to the last of another."""
    zone = ZoneInfo(name)
    component = Timezone()
    component.add("tzid", name)
    start = datetime(first_year, 1, 1, tzinfo=zone)
    component.add_component(_observance(zone, start.astimezone(UTC), _offset(zone, start.astimezone(UTC))))
    for moment in changes(zone, date(first_year, 1, 1), date(last_year, 12, 31)):
        component.add_component(_observance(zone, moment, _offset(zone, moment - SECOND)))
    return component


def changes(zone: ZoneInfo, first: date, last: date) -> Iterator[datetime]:
    """The instants (UTC) between two days from which another offset or another name holds."""
    at = datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + DAY
    while at < end:
        if _state(zone, at) != _state(zone, at + DAY):
            yield _exact(zone, at, at + DAY)
        at += DAY


def _exact(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Halving: the first second of the new state."""
    old = _state(zone, before)
    while after - before > SECOND:
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if _state(zone, middle) == old else (before, middle)
    return after


def _state(zone: ZoneInfo, at: datetime) -> tuple[timedelta, str]:
    local = at.astimezone(zone)
    return local.utcoffset() or timedelta(), local.tzname() or ""


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return _state(zone, at)[0]


def _observance(zone: ZoneInfo, at: datetime, offset_before: timedelta) -> TimezoneDaylight | TimezoneStandard:
    """`at`: when it begins; written as the wall showed it just before, as RFC 5545 wants."""
    local = at.astimezone(zone)
    found = TimezoneDaylight() if local.dst() else TimezoneStandard()
    found.add("dtstart", (at + offset_before).replace(tzinfo=None))
    found.add("tzoffsetfrom", offset_before)
    found.add("tzoffsetto", _offset(zone, at))
    found.add("tzname", local.tzname() or "")
    return found
