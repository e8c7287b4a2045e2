"""What the pages of a course read: the home and the schedule."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.courses.models import Course, OfficeHour, Session
from courseplatform.courses.sections import DueMark

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


@dataclass
class Week:
    number: int
    is_current: bool
    is_past: bool
    today_before: bool = False
    lecture: list[SessionRow] = field(default_factory=list)
    lab: list[SessionRow] = field(default_factory=list)
    due: list[dict[str, Any]] = field(default_factory=list)


def schedule_weeks(course: Course, marks: list[DueMark], now: datetime) -> list[Week]:
    """All weeks of the term in order, each with its two columns and what is due in it."""
    today = timezone.localdate(now, course.tz)
    by_week: dict[int, Week] = {}

    def week(day: date) -> Week:
        number, this = course.week_of(day), course.week_of(today)
        return by_week.setdefault(number, Week(number, is_current=number == this, is_past=number < this))

    for session in course.sessions.prefetch_related("items"):
        rows = week(session.held_on).lecture if session.column == Session.Column.LECTURE else week(session.held_on).lab
        rows.append(_session_row(session))
    for mark in marks:
        due = timezone.localtime(mark.due_at, course.tz)
        week(due.date()).due.append(
            {
                "day": day_label(due.date(), weekday=True), "title": mark.label, "url": mark.url, "detail": mark.title,
                "is_past": mark.due_at <= now,
            }
        )  # fmt: skip
    weeks = [by_week[number] for number in sorted(by_week)]
    for item in weeks:
        if item.number >= course.week_of(today):
            item.today_before = True
            break
    return weeks


def _session_row(session: Session) -> SessionRow:
    return SessionRow(
        day=day_label(session.held_on), title=session.title, note=session.note, is_class=session.is_class,
        releases_lab=session.releases_lab, items=[f"{item.label}, {day_label(item.on)}" for item in session.items.all()],
    )  # fmt: skip


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
    today = timezone.localdate(now, course.tz)
    days: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for day, title, right, is_due in [
        *_lessons(course, today),
        *_office_hours(course, today),
        *_due_rows(course, marks),
    ]:
        if today <= day <= today + timedelta(days=6):
            days[day].append({"title": title, "right": right, "is_due": is_due})
    if not days[today]:
        days[today].append({"title": "No class.", "right": "", "is_due": False})
    rows = []
    for day in sorted(days):
        for position, row in enumerate(days[day]):
            label = ("Today" if day == today else day_label(day, weekday=True)) if position == 0 else ""
            rows.append({"day": label, "is_today": day == today, **row})
    return rows


DayRow = tuple[date, str, str, bool]


def _lessons(course: Course, today: date) -> Iterator[DayRow]:
    near = course.sessions.filter(held_on__gte=today - timedelta(days=14), held_on__lte=today + timedelta(days=6))
    for session in near.prefetch_related("items"):
        if session.title != NO_SESSION:
            title = session.title if session.is_class else f"No class: {session.title}"
            yield session.held_on, title, _hours(session), False
        for item in session.items.all():
            yield item.on, f"{item.label}: {session.title}", "", False


def _office_hours(course: Course, today: date) -> Iterator[DayRow]:
    for hour in course.office_hours.exclude(weekday=None):
        day = today + timedelta(days=((hour.weekday or 0) - today.weekday()) % 7)
        yield day, f"Office hour, {hour.who}", _hours(hour), False


def _due_rows(course: Course, marks: list[DueMark]) -> Iterator[DayRow]:
    for mark in marks:
        due = timezone.localtime(mark.due_at, course.tz)
        yield due.date(), f"{mark.label} due", f"{due:%H:%M}", True


def _hours(item: Session | OfficeHour) -> str:
    if item.starts_at is None or item.ends_at is None:
        return item.place
    hours = f"{item.starts_at:%H:%M} to {item.ends_at:%H:%M}"
    return f"{hours}, {item.place}" if item.place else hours
