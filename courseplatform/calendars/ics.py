"""Dates of a course as iCalendar (RFC 5545, 7986).

A deadline is drawn as the quarter of an hour that ends with it. Programs draw an event without length as a hairline, as an hour, or not at
all, and one that begins at 23:59 lies in the next day; so this one is seen in the week and in the month, on the day it is due, and its end
is the deadline. It blocks no time. No alarms: Google and Outlook ignore those of subscribed calendars, Apple asks to drop them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from icalendar import Calendar, Event, Timezone, vText

from courseplatform.calendars.timezones import zone_text
from courseplatform.core.addresses import absolute
from courseplatform.core.form_fields import YEARS
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry

DEADLINE = timedelta(minutes=15)
REFRESH = timedelta(hours=1)
PRODUCT = "-//Milliamp//Course calendar//EN"
# What no text of a calendar may hold; tabs and line breaks are dealt with apart.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0085\u2028\u2029]")


@dataclass(frozen=True)
class Dated:
    """One entry and the course whose it is."""

    entry: CalendarEntry
    course: Course


def text_of(value: str) -> str:
    """Several lines, without control characters. The library escapes the rest."""
    return CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def line_of(value: str) -> str:
    """The same on one line."""
    return " ".join(text_of(value).split())


def feed_text(
    *, name: str, about: str, zone: str, items: Sequence[Dated], site: str, refresh: timedelta = REFRESH
) -> bytes:
    """The calendar as it is sent: UTF-8, CRLF, lines folded at 75 bytes. The same dates give the same bytes.

    Args:
        zone: what it is read in; its rules are there even when no event is.
        site: ends the UIDs (`services.site_id`).
    """
    calendar = Calendar()
    for key, value in (
        ("prodid", PRODUCT), ("version", "2.0"), ("calscale", "GREGORIAN"), ("method", "PUBLISH"), ("name", line_of(name)),
        ("description", text_of(about)), ("x-wr-calname", vText(line_of(name))), ("x-wr-caldesc", vText(text_of(about))),
        ("x-wr-timezone", zone),  # the library escapes no text of a property that it does not know, unless told that it is one
    ):  # fmt: skip
        calendar.add(key, value)
    calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{int(refresh.total_seconds()) // 60}M")
    has_many = len({item.course.pk for item in items}) > 1
    items = [item for item in items if _is_of_our_time(item.entry)]
    events = [_event(item, site, names_course=has_many) for item in items]
    for rules in _zones(zone, items):
        calendar.add_component(rules)
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _zones(zone: str, items: Iterable[Dated]) -> list[Any]:
    """A VTIMEZONE for each zone that is used, over the years that are; at least one: a calendar must hold a component."""
    days = [day for item in items for day in _span(item.entry)] or [date(2000, 1, 1)]
    names = {zone} | {item.course.zone for item in items if item.course.zone}
    first, last = min(days).year, max(days).year
    return [Timezone.from_ical(zone_text(name, first, last)) for name in sorted(names)]


def _span(entry: CalendarEntry) -> tuple[date, date]:
    last = entry.weekly_until or entry.ends or entry.starts
    return _day(entry.starts), _day(last)


def _is_of_our_time(entry: CalendarEntry) -> bool:
    """A mistyped year must not cost everybody the calendar: the rules of a zone are worked out day by day between the first and the last."""
    return all(YEARS[0] <= day.year < YEARS[1] for day in _span(entry))


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _event(item: Dated, site: str, *, names_course: bool) -> Event:
    entry, course = item.entry, item.course
    event = Event()
    event.add("uid", f"{entry.uid}@{course.slug}.{site}.milliamp")
    changed = (entry.changed_at or course.made_at).astimezone(UTC).replace(microsecond=0)
    event.add(
        "dtstamp", changed
    )  # not the hour of sending: the same dates are the same bytes, so nothing is sent again
    event.add("last-modified", changed)
    event.add("sequence", entry.sequence)
    event.add("summary", _title(item, names_course=names_course))
    _add_times(event, entry, course)
    if place := line_of(entry.place):
        event.add("location", place)
    if about := text_of("\n".join(filter(None, [entry.description, absolute(entry.path) if entry.path else ""]))):
        event.add("description", about)
    if entry.path:
        event.add("url", absolute(entry.path))
    event.add("categories", [line_of(course.number or course.title)])
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    is_busy = isinstance(entry.starts, datetime) and entry.ends is not None and not entry.is_cancelled
    event.add("transp", "OPAQUE" if is_busy else "TRANSPARENT")
    return event


def _title(item: Dated, *, names_course: bool) -> str:
    title = line_of(item.entry.title) or "Untitled"
    if item.entry.is_cancelled:
        title = f"Cancelled: {title}"
    course = line_of(item.course.number)
    return f"{course}: {title}" if names_course and course else title


def _add_times(event: Event, entry: CalendarEntry, course: Course) -> None:
    starts, ends = entry.starts, entry.ends
    if not isinstance(starts, datetime):
        event.add("dtstart", starts)
        event.add("dtend", _day(ends or starts) + timedelta(days=1))  # exclusive
    elif ends is None:
        due = starts.astimezone(UTC)
        _add_span(event, course, due - DEADLINE, due)
    else:
        _add_span(event, course, starts, ends if isinstance(ends, datetime) else starts)
    if entry.weekly_until is not None:
        _add_weeks(event, entry, course)


def _add_span(event: Event, course: Course, starts: datetime, ends: datetime) -> None:
    """On the course's wall, where an hour stays when the clocks change; in UTC for the second of two equal hours, which no wall tells."""
    walls = [moment.astimezone(UTC).astimezone(course.tz) for moment in (starts, ends)]
    if any(wall.fold for wall in walls):
        walls = [wall.astimezone(UTC) for wall in walls]
    event.add("dtstart", walls[0])
    if ends.astimezone(UTC) > starts.astimezone(UTC):
        event.add("dtend", walls[1])


def _add_weeks(event: Event, entry: CalendarEntry, course: Course) -> None:
    assert entry.weekly_until is not None
    if not isinstance(entry.starts, datetime):
        event.add("rrule", {"freq": "weekly", "until": entry.weekly_until})
        if entry.except_on:
            event.add("exdate", list(entry.except_on))
        return
    # With a zone at the start, the end of the rule is UTC: the last second of that day on the course's wall.
    event.add("rrule", {"freq": "weekly", "until": course.wall(entry.weekly_until, time(23, 59, 59)).astimezone(UTC)})
    at = entry.starts.astimezone(course.tz).time()
    if entry.except_on:
        event.add("exdate", [course.wall(day, at) for day in entry.except_on])
