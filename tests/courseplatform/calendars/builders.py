"""Courses with dates in a zone, and what a strict reader makes of a feed."""

import re
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar

from courseplatform.courses.models import Course, OfficeHour, Session

TEXT_LINE = re.compile(rb"^[A-Z0-9-]+(;[A-Z0-9-]+=(\"[^\"]*\"|[^\";:,]*))*:")


def make_dated_course(slug="dated", zone="America/New_York", **facts):
    return Course.objects.create(
        **{"slug": slug, "number": "11-767", "title": "On-Device Machine Learning", "term": "Fall", "zone": zone,
           "starts_on": date(2026, 8, 24), "ends_on": date(2027, 6, 30), **facts}
    )  # fmt: skip


def add_session(course, day, starts="09:30", ends="10:50", title="Quantization", **facts):
    return Session.objects.create(
        course=course, held_on=day, starts_at=time.fromisoformat(starts) if starts else None,
        ends_at=time.fromisoformat(ends) if ends else None, title=title, **facts,
    )  # fmt: skip


def add_office_hour(course, weekday=1, starts="13:00", ends="14:00", who="Clara Na"):
    return OfficeHour.objects.create(
        course=course, who=who, weekday=weekday, starts_at=time.fromisoformat(starts), ends_at=time.fromisoformat(ends)
    )


def strict(body: bytes) -> Calendar:
    """Parse a feed, and check what RFC 5545 asks for beyond what the parser does."""
    assert body.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"") and b"\r" not in body.replace(b"\r\n", b"")
    lines = body.split(b"\r\n")[:-1]
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two by folding
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line)
        assert line.startswith(b" ") or TEXT_LINE.match(line), line
    calendar = Calendar.from_ical(body)
    assert not [error for part in calendar.walk() for error in part.errors]
    assert calendar["VERSION"] == "2.0" and calendar["METHOD"] == "PUBLISH" and calendar["PRODID"]
    assert calendar.subcomponents
    uids = [str(event["UID"]) for event in calendar.events]
    assert len(uids) == len(set(uids))
    for event in calendar.events:
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE", "STATUS"} <= set(event)
        assert event["DTSTAMP"].dt.tzinfo is not None and event["DTSTAMP"].dt.utcoffset() == timedelta()
        if "DTEND" in event:
            assert type(event["DTEND"].dt) is type(event["DTSTART"].dt) and event["DTEND"].dt > event["DTSTART"].dt
    used = set(re.findall(rb"TZID=([^:;]+)", body))
    assert used <= {str(rules["TZID"]).encode() for rules in calendar.timezones}
    return calendar


def by_title(calendar):
    return {str(event["SUMMARY"]): event for event in calendar.events}


def instant(event, name, calendar):
    """The instant of a property, computed from the feed's own VTIMEZONE as RFC 5545 says, without any zone database."""
    prop = event[name]
    value = prop.dt
    if "TZID" not in prop.params:
        return value.astimezone(UTC)
    rules = next(zone for zone in calendar.timezones if zone["TZID"] == prop.params["TZID"])
    return offset_at(rules, value.replace(tzinfo=None))


def offset_at(rules, wall: datetime) -> datetime:
    """The last observance whose onset is not after `wall`; an onset is written in the offset that holds before it."""
    onsets = [(part["DTSTART"].dt.replace(tzinfo=None), part["TZOFFSETTO"].td) for part in rules.subcomponents]
    offset = max((onset for onset in onsets if onset[0] <= wall), key=lambda onset: onset[0])[1]
    return (wall - offset).replace(tzinfo=UTC)
