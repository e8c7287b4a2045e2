"""What the home of a course reads. Days and hours are those of the zone that is active: the reader's."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.kept import kept_rows
from courseplatform.courses.models import STAFF, Course, Enrolment, OfficeHour, Session
from courseplatform.courses.schedule import day_label
from courseplatform.courses.sections import DueMark
from courseplatform.courses.time_rule import SIZES
from courseplatform.courses.zones import local_start


def headline(course: Course, marks: list[DueMark], now: datetime) -> dict[str, Any]:
    """The title of the home is the answer: what is due next, and in how long."""
    if course.is_closed:
        said = "Your work, results and grades stay here to read."
        return {"title": "This course is closed", "sentence": said, "url": "", "action": ""}
    coming = [mark for mark in marks if mark.due_at > now]
    if not coming:
        return {"title": "Nothing more is due this term", "sentence": "", "url": "", "action": ""}
    mark = coming[0]
    title = f"{mark.label}: {mark.title}" if mark.title else mark.label
    due = timezone.localtime(mark.due_at)
    return {
        "title": f"{title} is due in {numbers.span(mark.due_at - now)}",
        "sentence": f"{_far_day(due.date(), now)}, {due:%H:%M %Z}. {mark.detail()}".strip(),
        "url": mark.url,
        "action": f"Open {mark.label}",
    }


def sessions_near(course: Course, now: datetime) -> list[Session]:
    """What both the week and the line of four weeks are made of, with its dated items: two weeks back, four ahead."""
    today = timezone.localdate(now)

    def shown() -> QuerySet[Session]:
        near = {"held_on__gte": today - timedelta(days=14), "held_on__lte": today + timedelta(days=SIZES[0].days)}
        return Session.objects.filter(course=course).shown_to(staff=False).filter(**near).prefetch_related("items")

    found = kept_rows("sessions near", (course.pk, today), shown)
    for session in found:
        session.course = course
    return found


def office_hours_of(course: Course) -> list[OfficeHour]:
    """Those that `with_office_hours` has put there, else read now."""
    there: dict[str, Any] = course.__dict__.get("_prefetched_objects_cache", {})
    return (
        there["office_hours"]
        if "office_hours" in there
        else kept_rows("office hours", course.pk, course.office_hours.all)
    )


def with_office_hours(course: Course) -> None:
    """For a page that shows them in several places."""
    course.__dict__.setdefault("_prefetched_objects_cache", {})["office_hours"] = office_hours_of(course)


def week_rows(course: Course, sessions: Iterable[Session], marks: list[DueMark], now: datetime) -> list[dict[str, Any]]:
    """Today and the six days after it: sessions, dated items, office hours and due work, one row each."""
    today = timezone.localdate(now)
    days: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for day, title, right, url in [*_lessons(course, sessions), *_office_hours(course, today), *_due_rows(marks)]:
        if today <= day <= today + timedelta(days=6):
            days[day].append({"title": title, "right": right, "url": url})
    if not days[today]:
        days[today].append({"title": _nothing_today(course, today, now), "right": "", "url": ""})
    rows = []
    for day in sorted(days):
        for position, row in enumerate(days[day]):
            label = ("Today" if day == today else day_label(day, weekday=True)) if position == 0 else ""
            rows.append({"day": label, "is_today": day == today, **row})
    return rows


def _nothing_today(course: Course, today: date, now: datetime) -> str:
    if course.starts_on and today < course.starts_on:
        return f"The course begins on {_far_day(course.starts_on, now)}."
    if course.ends_on and today > course.ends_on:
        return f"The course ended on {_far_day(course.ends_on, now)}."
    return "No class."


def _far_day(day: date, now: datetime) -> str:
    """With its year where that is another: a course may be made long before it begins."""
    label = day_label(day, weekday=True)
    return label if day.year == timezone.localdate(now).year else f"{label}, {day.year}"


DayRow = tuple[date, str, str, str]  # day, what, when and where, address of due work


def _lessons(course: Course, sessions: Iterable[Session]) -> Iterator[DayRow]:
    for session in sessions:
        if not session.is_nothing:
            title = (
                f"Cancelled: {session.title}"
                if session.is_cancelled
                else session.title
                if session.is_class
                else f"No class: {session.title}"
            )
            yield *_when(course, session.day, session, title), ""
        for item in session.items.all():
            yield item.on or session.day, f"{item.label}: {session.title}", "", ""


def _office_hours(course: Course, today: date) -> Iterator[DayRow]:
    for hour in office_hours_of(course):
        # One day more on each side: the course's day may be another than the reader's.
        for day in (today + timedelta(days=n) for n in range(-1, 8)):
            if day.weekday() == hour.weekday and _is_of_term(course, day):
                yield *_when(course, day, hour, f"Office hour, {hour.who}"), ""


def _is_of_term(course: Course, day: date) -> bool:
    """Office hours repeat by the week, and only from the first day of the course to its last."""
    return not (course.starts_on and day < course.starts_on) and not (course.ends_on and day > course.ends_on)


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


def works_for_a_course(person: User) -> bool:
    return Enrolment.objects.filter(person=person, is_active=True, role__in=STAFF).exists()


def last_end(person: User) -> date | None:
    """The day on which the last of a person's courses ends, as far as it is stated."""
    found: date | None = Course.objects.of(person).aggregate(end=Max("ends_on"))["end"]
    return found
