"""What the pages of a course read: the home and the schedule. Days and hours are those of the zone that is active: the reader's."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.courses.models import Course, OfficeHour, Session
from courseplatform.courses.sections import DueMark
from courseplatform.courses.zones import is_elsewhere, local_start, zone_words

NO_SESSION = "--"  # how a course page writes a slot in which nothing happens
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_label(day: date, *, weekday: bool = False) -> str:
    """Sep 5, or Tue Sep 5."""
    return f"{day:%a} {day:%b} {day.day}" if weekday else f"{day:%b} {day.day}"


@dataclass
class SessionRow:
    day: str
    title: str
    note: str
    is_class: bool
    releases_lab: bool
    items: list[str]
    url: str = ""


@dataclass
class Week:
    """A calendar week of the course, whatever zone its days are shown in.

    due: day, hour (empty where the head of the page says it), title, url, detail, is_past.
    """

    number: int
    is_current: bool
    is_past: bool
    today_before: bool = False
    lecture: list[SessionRow] = field(default_factory=list)
    lab: list[SessionRow] = field(default_factory=list)
    due: list[dict[str, Any]] = field(default_factory=list)


def schedule_head(course: Course, marks: list[DueMark]) -> list[str]:
    """When the class meets and at which hour work is due, each with its zone: on paper nothing else names it."""
    hours = _due_hours(marks)
    meets = f"{course.meets} ({zone_words(course.zone)})" if is_elsewhere(course) or not hours else course.meets
    here = zone_words(timezone.get_current_timezone_name())
    due = f"Everything is due at {hours.pop()} {here}" if len(hours) == 1 else f"Due times are {here}" if hours else ""
    return [words for words in (meets if course.meets else "", due) if words]


def _due_hours(marks: list[DueMark]) -> set[str]:
    return {f"{timezone.localtime(mark.due_at):%H:%M}" for mark in marks}


def schedule_weeks(course: Course, marks: list[DueMark], now: datetime) -> list[Week]:
    """All weeks of the term in order, each with its two columns and what is due in it."""
    this = course.week_of(timezone.localdate(now, course.tz))
    by_week: dict[int, Week] = {}

    def week(day: date) -> Week:
        number = course.week_of(day)
        return by_week.setdefault(number, Week(number, is_current=number == this, is_past=number < this))

    for session in course.sessions.exclude(held_on=None).prefetch_related("items"):
        rows = week(session.day).lecture if session.column == Session.Column.LECTURE else week(session.day).lab
        rows.append(_session_row(course, session, marks))
    is_one_hour = len(_due_hours(marks)) == 1
    for mark in marks:
        due = timezone.localtime(mark.due_at)
        week(timezone.localdate(mark.due_at, course.tz)).due.append(
            {
                "day": day_label(due.date(), weekday=True), "hour": "" if is_one_hour else f"{due:%H:%M}", "title": mark.label,
                "url": mark.url, "detail": mark.title, "is_past": mark.due_at <= now,
            }
        )  # fmt: skip
    weeks = [by_week[number] for number in sorted(by_week)]
    for item in weeks:
        if item.number >= this:
            item.today_before = True
            break
    return weeks


def _session_row(course: Course, session: Session, marks: list[DueMark]) -> SessionRow:
    start = local_start(course, session.day, session.starts_at)
    return SessionRow(
        day=day_label(start.date() if start else session.day), title=session.title, note=session.note, is_class=session.is_class,
        releases_lab=session.releases_lab, items=[f"{item.label}, {day_label(item.on or session.day)}" for item in session.items.all()],
        url=_lab_url(session.title, marks) if session.releases_lab else "",
    )  # fmt: skip


def _lab_url(title: str, marks: list[DueMark]) -> str:
    """The work that a session hands out: its title begins with the work's short name ("Lab 2 + Project Hours")."""
    return next((mark.url for mark in marks if re.match(rf"{re.escape(mark.label)}\b", title)), "")


def headline(course: Course, marks: list[DueMark], now: datetime) -> dict[str, Any]:
    """The title of the home is the answer: what is due next, and in how long."""
    coming = [mark for mark in marks if mark.due_at > now]
    if not coming:
        return {"title": "Nothing more is due this term", "sentence": "", "url": "", "action": ""}
    mark = coming[0]
    title = f"{mark.label}: {mark.title}" if mark.title else mark.label
    due = timezone.localtime(mark.due_at)
    return {
        "title": f"{title} is due in {numbers.span(mark.due_at - now)}",
        "sentence": f"{day_label(due.date(), weekday=True)}, {due:%H:%M %Z}. {mark.detail}".strip(),
        "url": mark.url,
        "action": f"Open {mark.label}",
    }


def week_rows(course: Course, marks: list[DueMark], now: datetime) -> list[dict[str, Any]]:
    """Today and the six days after it: sessions, dated items, office hours and due work, one row each."""
    today = timezone.localdate(now)
    days: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for day, title, right, url in [*_lessons(course, today), *_office_hours(course, today), *_due_rows(marks)]:
        if today <= day <= today + timedelta(days=6):
            days[day].append({"title": title, "right": right, "url": url})
    if not days[today]:
        days[today].append({"title": "No class.", "right": "", "url": ""})
    rows = []
    for day in sorted(days):
        for position, row in enumerate(days[day]):
            label = ("Today" if day == today else day_label(day, weekday=True)) if position == 0 else ""
            rows.append({"day": label, "is_today": day == today, **row})
    return rows


DayRow = tuple[date, str, str, str]  # day, what, when and where, address of due work


def _lessons(course: Course, today: date) -> Iterator[DayRow]:
    near = course.sessions.filter(held_on__gte=today - timedelta(days=14), held_on__lte=today + timedelta(days=7))
    for session in near.prefetch_related("items"):
        if session.title != NO_SESSION:
            title = session.title if session.is_class else f"No class: {session.title}"
            yield *_when(course, session.day, session, title), ""
        for item in session.items.all():
            yield item.on or session.day, f"{item.label}: {session.title}", "", ""


def _office_hours(course: Course, today: date) -> Iterator[DayRow]:
    for hour in course.office_hours.exclude(weekday=None):
        # One day more on each side: the course's day may be another than the reader's.
        for day in (today + timedelta(days=n) for n in range(-1, 8)):
            if day.weekday() == hour.weekday:
                yield *_when(course, day, hour, f"Office hour, {hour.who}"), ""


def _due_rows(marks: list[DueMark]) -> Iterator[DayRow]:
    for mark in marks:
        due = timezone.localtime(mark.due_at)
        yield due.date(), f"{mark.label} due", f"{due:%H:%M}", mark.url


def _when(course: Course, day: date, item: Session | OfficeHour, title: str) -> tuple[date, str, str]:
    """The reader's day, the title, and the reader's hours with the place."""
    start, end = local_start(course, day, item.starts_at), local_start(course, day, item.ends_at)
    if start is None or end is None:
        return day, title, item.place
    hours = f"{start:%H:%M} to {end:%H:%M}"
    return start.date(), title, f"{hours}, {item.place}" if item.place else hours
