"""Moments as people write them: ISO with an offset, or a wall time of the course's zone."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?: ?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?))?",
    re.ASCII,
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
WALL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2200


class NoSuchTime(ValueError):
    """The text names no instant. `code` for programs, the message for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def parse_day(text: str) -> date | None:
    """None when the text is no day alone. Raises NoSuchTime for a day that the calendar does not have."""
    if not DAY.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise NoSuchTime("no_such_time", f"{text} is no day of the calendar.") from error
    _check_year(found.year, text)
    return found


def day_or_moment(text: str, zone: ZoneInfo) -> datetime:
    """A day means its 00:00, where the clocks skip that the moment after the change."""
    day = parse_day(text)
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else parse_moment(text, zone)


def parse_moment(text: str, zone: ZoneInfo, fold: int | None = None) -> datetime:
    """The instant, in UTC. `fold` 1: the second of two equal wall times.

    Raises NoSuchTime: `wrong_form`, `no_such_time` (also for a wall time that a clock change skips), `not_twice`.
    """
    match = MOMENT.fullmatch(text)
    if match is None:
        raise NoSuchTime(
            "wrong_form", f'"{text[:40]}" is no moment; write it like "2023-09-15 23:59" or "2023-09-16T03:59:00Z".'
        )
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    _check_year(int(year), text)
    try:
        wall = datetime.fromisoformat(
            f"{year}-{month}-{day} {hour}:{minute}:{second or '00'}.{(fraction or '0').ljust(6, '0')}"
        )
    except ValueError as error:
        raise NoSuchTime("no_such_time", f"{text} is no time of the calendar.") from error
    if offset:
        if fold:
            raise NoSuchTime("not_twice", f"{text} has an offset, so it comes once; leave fold out.")
        said = "+00:00" if offset == "Z" else offset if ":" in offset else f"{offset[:3]}:{offset[3:] or '00'}"
        return datetime.fromisoformat(wall.isoformat() + said).astimezone(UTC)
    return _of_wall(wall, zone, fold or 0, text)


def _of_wall(wall: datetime, zone: ZoneInfo, fold: int, text: str) -> datetime:
    first, second = (wall.replace(tzinfo=zone, fold=n).astimezone(UTC) for n in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        raise NoSuchTime("no_such_time", f"The clocks skip {text} in {zone.key}; choose a time before or after.")
    if fold and first == second:
        raise NoSuchTime("not_twice", f"{text} comes once in {zone.key}; leave fold out.")
    return second if fold else first


def _check_year(year: int, text: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NoSuchTime("no_such_time", f"{text}: the years {FIRST_YEAR} to {LAST_YEAR} are taken.")


def wrong_moment(text: str, zone: ZoneInfo) -> str:
    """Why this wall time (`2023-09-15 23:59`, or a day alone) names no instant of the zone; empty when it does, or where none is written."""
    if not text:
        return ""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        return f"{text[:40]} is no time of the calendar; write it like 2023-10-06 23:59."
    if not (len(text) == 10 or WALL.fullmatch(text)):
        return f"{text[:40]} is no wall time; write it like 2023-10-06 23:59."
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        return f"{text}: the years {FIRST_YEAR} to {LAST_YEAR} are taken."
    there = wall.replace(tzinfo=zone)
    back = datetime.fromtimestamp(there.timestamp(), zone).replace(tzinfo=None)
    return "" if back == wall else f"the clocks skip {text} in {zone.key}; choose a time before or after."
