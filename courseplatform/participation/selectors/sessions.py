"""Which session a credit belongs to: the one that runs, or the nearest."""

from datetime import datetime, timedelta

from django.utils import timezone

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Session
from courseplatform.courses.models.schedule import NO_SESSION
from courseplatform.courses.schedule import day_label


def class_sessions(course: Course) -> list[Session]:
    """The dated sessions in which the class meets, in order."""
    found = (
        course.sessions.filter(is_withdrawn=False, is_class=True, is_cancelled=False)
        .exclude(held_on=None)
        .exclude(title=NO_SESSION)
    )
    return list(found.order_by("held_on", "starts_at", "position", "pk"))


def session_chosen(visit: Visit, sessions: list[Session], wanted: str, now: datetime) -> Session | None:
    """The one of the URL, else the running or nearest one. Raises NotHere for another course's session."""
    if not wanted:
        return session_near(visit.course, sessions, now)
    return session_get(visit, wanted)


def session_get(visit: Visit, key: str) -> Session:
    found = (
        visit.course.sessions.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 18 else None
    )
    if found is None:
        raise NotHere("There is no such session in this course.")
    return found


def session_near(course: Course, sessions: list[Session], now: datetime) -> Session | None:
    """The session that runs or is nearest to `now` among today's; on other days the last one, for what is entered after class."""
    return min(sessions, key=lambda session: _distance(course, session, now), default=None)


def _distance(course: Course, session: Session, now: datetime) -> tuple[bool, bool, int, timedelta]:
    today = timezone.localdate(now, course.tz)
    away = (session.day - today).days
    start = course.wall(session.day, session.starts_at) if session.starts_at else None
    end = course.wall(session.day, session.ends_at) if session.ends_at else start
    if start is None or end is None:
        gap = timedelta(0)
    else:
        gap = max(start - now, now - end, timedelta(0))
    return (away != 0, away > 0, abs(away), gap)


def session_words(course: Course, session: Session, now: datetime) -> str:
    """Today, 09:30 to 10:50, or Tue Oct 31."""
    today = timezone.localdate(now, course.tz)
    day = "Today" if session.day == today else day_label(session.day, weekday=True)
    hours = f", {session.starts_at:%H:%M} to {session.ends_at:%H:%M}" if session.starts_at and session.ends_at else ""
    return day + hours


def session_options(course: Course, sessions: list[Session], chosen: Session | None) -> list[dict[str, object]]:
    return [
        {"value": session.pk, "label": f"{day_label(session.day, weekday=True)}: {session.title}", "chosen": session == chosen}
        for session in sessions
    ]  # fmt: skip
