"""The dates of courses' own rows: sessions, what stands under them, office hours."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Max
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.courses.models import STAFF, Course, Enrolment, OfficeHour, ScheduleChange, Session
from courseplatform.courses.sections import CalendarEntry


def course_dates(course: Course, person: User | None) -> list[CalendarEntry]:
    """Sessions, dated items and office hours. Six queries, whatever the size of the course.

    Staff see also what is not published. What has no day is in no calendar.
    """
    is_staff = (
        person is not None
        and Enrolment.objects.filter(course=course, person=person, is_active=True, role__in=STAFF).exists()
    )
    sessions = list(course.sessions.shown_to(staff=is_staff).exclude(held_on=None).prefetch_related("items"))
    changed = dict(
        ScheduleChange.objects.filter(course=course)
        .exclude(session=None)
        .order_by()
        .values_list("session")
        .annotate(Max("at"))
    )
    path = reverse("courses:schedule", args=[course.slug])
    found = [entry for session in sessions for entry in _of_session(course, session, path, changed.get(session.pk))]
    return found + _office_hours(course, sessions)


def _of_session(course: Course, session: Session, path: str, changed_at: datetime | None) -> list[CalendarEntry]:
    found = []
    facts: dict[str, Any] = {"path": path, "sequence": session.sequence, "changed_at": changed_at}
    if not _is_nothing(session):
        starts, ends = _hours(course, session)
        found.append(
            CalendarEntry(
                uid=f"session-{session.pk}", title=_title(session), starts=starts, ends=ends, place=session.place,
                description=session.note, is_cancelled=session.is_cancelled, **facts,
            )
        )  # fmt: skip
    for item in session.items.all():
        day = item.on or session.day
        title = item.label if _is_nothing(session) else f"{item.label}: {session.title}"
        found.append(
            CalendarEntry(uid=f"item-{item.pk}", title=title, starts=day, ends=day, description=item.note, **facts)
        )
    return found


def _is_nothing(session: Session) -> bool:
    return session.kind == Session.Kind.NONE or session.is_nothing


def _title(session: Session) -> str:
    return session.heading if session.is_class or session.is_cancelled else f"No class: {session.title}"


def _hours(course: Course, session: Session) -> tuple[date | datetime, date | datetime]:
    """The day where no hour is known, or no class is held. A beginning without an end has no length."""
    is_off = not session.is_class and not session.is_cancelled
    if session.starts_at is None or is_off:
        return session.day, session.day
    return _between(course, session.day, session.starts_at, session.ends_at)


def _between(course: Course, day: date, starts_at: time, ends_at: time | None) -> tuple[datetime, datetime]:
    starts = course.wall(day, starts_at)
    if ends_at is None:
        return starts, starts
    return starts, course.wall(day if ends_at > starts_at else day + timedelta(days=1), ends_at)


def _office_hours(course: Course, sessions: list[Session]) -> list[CalendarEntry]:
    """Each a rule for every week of the term, except on the days on which the class has a holiday: it changes with the schedule too."""
    first, last = course.starts_on, course.ends_on
    if first is None or last is None:
        return []
    holidays = {
        s.day
        for s in sessions
        if s.kind == Session.Kind.HOLIDAY or not (s.is_class or s.is_cancelled or _is_nothing(s))
    }
    found = [_office_hour(course, hour, first, last, holidays) for hour in course.office_hours.exclude(weekday=None)]
    return [entry for entry in found if entry is not None]


def _office_hour(
    course: Course, hour: OfficeHour, first: date, last: date, holidays: set[date]
) -> CalendarEntry | None:
    if hour.weekday is None or hour.starts_at is None:
        return None
    day = first + timedelta(days=(hour.weekday - first.weekday()) % 7)
    if day > last:
        return None
    starts, ends = _between(course, day, hour.starts_at, hour.ends_at)
    off = tuple(sorted(h for h in holidays if h.weekday() == hour.weekday and day <= h <= last))
    return CalendarEntry(
        uid=f"office-hour-{hour.pk}", title=f"Office hour, {hour.who}", starts=starts, ends=ends, place=hour.place,
        description=hour.note, weekly_until=last, except_on=off, sequence=hour.sequence + course.sequence,
    )  # fmt: skip
