"""What a feed holds, from all sources that are registered."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.calendars.ics import DEADLINE, Dated, feed_text
from courseplatform.calendars.services import site_id
from courseplatform.core.errors import NotHere
from courseplatform.courses.models import Course
from courseplatform.courses.sections import registry

COMING = 6


def course_items(course: Course, person: User | None) -> list[Dated]:
    """For one person, or for everybody (None): then only what is public. Each source makes a bounded number of queries."""
    return [Dated(entry, course) for source in registry.calendar_sources for entry in source(course, person)]


def course_feed(course: Course, person: User | None) -> bytes:
    items = course_items(course, person)
    return feed_text(
        name=str(course), about=_about(course, items), zone=course.zone or "UTC", items=items, site=site_id()
    )


def _about(course: Course, items: list[Dated]) -> str:
    if items:
        return f"Dates of {course.name}."
    return f"{course.name} has no dates yet: its programme names hours and no day. They appear here once it does."


def person_feed(person: User, slug: str = "") -> bytes:
    """All courses that the person is in, or one of them. Raises NotHere for a course that is not one of them."""
    courses = list(Course.objects.of(person))
    if slug:
        courses = [course for course in courses if course.slug == slug]
        if not courses:
            raise NotHere("There is no such course in this calendar.")
        return course_feed(courses[0], person)
    items = [item for course in courses for item in course_items(course, person)]
    names = ", ".join(course.number or course.title for course in courses)
    zone = person.zone or next((course.zone for course in courses if course.zone), "UTC")
    about = f"Dates of {names}." if names else "You are in no course, so there are no dates yet."
    return feed_text(name=f"Courses of {person.name}", about=about, zone=zone, items=items, site=site_id())


def coming_rows(items: list[Dated], now: datetime) -> list[dict[str, Any]]:
    """The next few dates as the calendar will show them, weekly ones left out: day and hour in the reader's zone."""
    today = timezone.localdate(now)
    rows = []
    for item in items:
        entry = item.entry
        if entry.weekly_until is not None or entry.is_cancelled:
            continue
        if isinstance(entry.starts, datetime):
            local = timezone.localtime(entry.starts)
            is_over = (
                (entry.ends or entry.starts + DEADLINE) if isinstance(entry.ends, datetime | None) else entry.starts
            )
            if isinstance(is_over, datetime) and is_over < now:
                continue
            hour = f"{local:%H:%M}" if entry.ends else f"until {local:%H:%M}"
            rows.append(
                {"at": local, "day": f"{local:%a %b %-d}", "hour": hour, "title": entry.title, "place": entry.place}
            )
        elif (entry.ends or entry.starts) >= today:
            at = timezone.make_aware(datetime.combine(entry.starts, datetime.min.time()))
            rows.append(
                {
                    "at": at,
                    "day": f"{entry.starts:%a %b %-d}",
                    "hour": "all day",
                    "title": entry.title,
                    "place": entry.place,
                }
            )
    return sorted(rows, key=lambda row: (row["at"], row["title"]))[:COMING]
