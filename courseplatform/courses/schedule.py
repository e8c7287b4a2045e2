"""What the schedule shows: sessions by week and column, by lecture, or by the hour of a programme. Days and hours are the reader's zone's."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from django.utils import timezone

from courseplatform.core.kept import kept
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.course_file.words import WEEKDAYS
from courseplatform.courses.models import Course, DatedItem, Session
from courseplatform.courses.sections import DueMark, ScheduleLine, registry
from courseplatform.courses.zones import is_elsewhere, local_start, zone_words

TALKS = {  # kinds that say more than their title does
    Session.Kind.GUEST, Session.Kind.KEYNOTE, Session.Kind.INVITED, Session.Kind.CONTRIBUTED, Session.Kind.TUTORIAL, Session.Kind.SPOTLIGHT,
}  # fmt: skip


def day_label(day: date, *, weekday: bool = False) -> str:
    """Sep 5, or Tue Sep 5."""
    return f"{day:%a} {day:%b} {day.day}" if weekday else f"{day:%b} {day.day}"


@dataclass
class Line:
    """A dated line under a session: text, its day and hour where it has any, an address."""

    text: str
    iso: str = ""
    when: str = ""
    url: str = ""
    note: str = ""
    kind: str = ""
    html: str = ""
    is_undated: bool = False


@dataclass
class SessionRow:
    """One session as it is drawn. `state`: class, none, no-class, cancelled. `hours` only where they are not the course's usual ones."""

    pk: int
    day: str
    iso: str
    end_iso: str
    hours: str
    title: str
    note: str
    state: str
    kind: str
    number: int | None
    slot: str
    is_lab: bool
    is_published: bool
    is_talk: bool
    place: str
    details: dict[str, Any]
    lines: list[Line] = field(default_factory=list)
    url: str = ""
    is_past: bool = False
    is_now: bool = False

    @property
    def points(self) -> int:
        """How many lines the outline has."""
        return _count(self.details.get("outline", []))

    @property
    def abstract(self) -> str:
        return render_markdown(self.details["abstract"]) if self.details.get("abstract") else ""

    @property
    def biography(self) -> str:
        return render_markdown(self.details["biography"]) if self.details.get("biography") else ""


def _count(points: list[Any]) -> int:
    return sum(1 + _count(point["points"]) if isinstance(point, dict) else 1 for point in points)


@dataclass
class Week:
    """A calendar week of the course, whatever zone its days are shown in.

    due: day, iso, hour (empty where the head of the page says it), title, url, detail, is_past.
    """

    number: int
    is_current: bool
    is_past: bool
    today_before: bool = False
    lecture: list[SessionRow] = field(default_factory=list)
    lab: list[SessionRow] = field(default_factory=list)
    due: list[dict[str, Any]] = field(default_factory=list)


def schedule_head(course: Course, marks: list[DueMark], rows: Iterable[SessionRow] = ()) -> list[str]:
    """When the class meets and at which hour work is due, each with its zone: on paper nothing else names it.

    rows: what the page shows; work without a date among it is not said to be due at an hour.
    """
    hours = _due_hours(marks)
    names_zone = course.zone and (is_elsewhere(course) or not hours)
    meets = f"{course.meets} ({zone_words(course.zone)})" if names_zone else course.meets
    here = zone_words(timezone.get_current_timezone_name())
    what = "Everything with a date" if any(line.is_undated for row in rows for line in row.lines) else "Everything"
    due = f"{what} is due at {hours.pop()} {here}" if len(hours) == 1 else f"Due times are {here}" if hours else ""
    return [words for words in (meets if course.meets else "", due) if words]


def _due_hours(marks: list[DueMark]) -> set[str]:
    return {f"{timezone.localtime(mark.due_at):%H:%M}" for mark in marks}


def session_rows(
    course: Course, marks: list[DueMark], now: datetime, *, staff: bool
) -> list[tuple[Session, SessionRow]]:
    """Every session that the reader may see, in the order of the course file, with the lines that all apps add to it."""
    here = timezone.get_current_timezone_name()
    sessions, lines = kept("schedule", (course.pk, staff, here), lambda: _sessions_and_lines(course, staff=staff))
    usual = _usual(sessions)
    return [(session, _row(course, session, usual, marks, lines.get(session.pk, []), now)) for session in sessions]


def _sessions_and_lines(course: Course, *, staff: bool) -> tuple[list[Session], dict[int, list[ScheduleLine]]]:
    """The sessions in the order of the course file, and by session what the apps add. Nothing of it depends on who reads or when."""
    sessions = list(
        course.sessions.shown_to(staff=staff).prefetch_related("items").order_by("held_on", "position", "pk")
    )
    lines: dict[int, list[ScheduleLine]] = defaultdict(list)
    for line in (line for source in registry.schedule_sources for line in source(course, sessions)):
        lines[line.session_id].append(line)
    return sessions, dict(lines)


Slot = tuple[int | None, time | None, time | None, str]


def _slot(session: Session) -> Slot:
    return (session.held_on.weekday() if session.held_on else None, session.starts_at, session.ends_at, session.place)


def _usual(sessions: Iterable[Session]) -> dict[int | None, Slot]:
    """For each weekday the hour and room of most of its classes: they stand in the head of the page and not at every row."""
    by_day: dict[int | None, Counter[Slot]] = defaultdict(Counter)
    for session in sessions:
        if session.is_class and session.starts_at:
            by_day[_slot(session)[0]][_slot(session)] += 1
    return {day: counts.most_common(1)[0][0] for day, counts in by_day.items()}


def _row(
    course: Course,
    session: Session,
    usual: dict[int | None, Slot],
    marks: list[DueMark],
    more: list[ScheduleLine],
    now: datetime,
) -> SessionRow:
    start, end = _instants(course, session)
    is_usual = course.layout != Course.Layout.PROGRAMME and usual.get(_slot(session)[0]) == _slot(session)
    day = start.date() if start else session.held_on
    state = (
        "cancelled"
        if session.is_cancelled
        else "class"
        if session.is_class
        else "none"
        if session.is_nothing
        else "no-class"
    )
    own = [_item_line(item, session) for item in session.items.all()]
    added = [
        Line(line.text, url=line.url, note=line.note, kind=line.kind, html=line.html, is_undated=line.is_undated)
        for line in more
    ]
    return SessionRow(
        pk=session.pk, day=day_label(day) if day else "", iso=start.isoformat() if start else day.isoformat() if day else "",
        end_iso=end.isoformat() if end else "", hours="" if is_usual else _hours(session, start, end), title=session.title, note=session.note,
        state=state, kind=session.get_kind_display(), number=session.number, slot=session.details.get("slot", ""),
        is_lab=session.releases_lab, is_published=session.is_published, is_talk=session.kind in TALKS,
        place="" if is_usual else session.place, details=session.details, lines=own + added,
        url=_lab_url(session.title, marks) if session.releases_lab else "",
        is_past=bool(day and day < timezone.localdate(now)), is_now=bool(start and end and start <= now < end),
    )  # fmt: skip


def _instants(course: Course, session: Session) -> tuple[datetime | None, datetime | None]:
    if session.held_on is None or not course.zone:
        return None, None
    return local_start(course, session.held_on, session.starts_at), local_start(
        course, session.held_on, session.ends_at
    )


def _hours(session: Session, start: datetime | None, end: datetime | None) -> str:
    if session.starts_at is None or session.ends_at is None:
        return ""
    return f"{start or session.starts_at:%H:%M} to {end or session.ends_at:%H:%M}"


def _item_line(item: DatedItem, session: Session) -> Line:
    day = item.on or session.held_on
    when = day_label(day, weekday=True) if day else ""
    return Line(item.label, iso=day.isoformat() if day else "", when=when, note=item.note, kind=item.kind)


def _lab_url(title: str, marks: list[DueMark]) -> str:
    """The work that a session hands out: its title begins with the work's short name ("Lab 2 + Project Hours")."""
    return next((mark.url for mark in marks if re.match(rf"{re.escape(mark.label)}\b", title)), "")


def due_rows(marks: list[DueMark], now: datetime) -> list[dict[str, Any]]:
    is_one_hour = len(_due_hours(marks)) == 1
    rows = []
    for mark in marks:
        due = timezone.localtime(mark.due_at)
        rows.append(
            {
                "day": day_label(due.date(), weekday=True), "iso": due.isoformat(), "hour": "" if is_one_hour else f"{due:%H:%M}", "title": mark.label,
                "url": mark.url, "detail": mark.title, "is_past": mark.due_at <= now, "due_at": mark.due_at,
            }
        )  # fmt: skip
    return rows


def schedule_weeks(course: Course, marks: list[DueMark], now: datetime, *, staff: bool = False) -> list[Week]:
    """All weeks of the term in order, each with its two columns and what is due in it."""
    this = course.week_of(timezone.localdate(now, course.tz))
    by_week: dict[int, Week] = {}

    def week(day: date) -> Week:
        number = course.week_of(day)
        return by_week.setdefault(number, Week(number, is_current=number == this, is_past=number < this))

    for session, row in session_rows(course, marks, now, staff=staff):
        if session.held_on is not None:
            (
                week(session.held_on).lab if session.column == Session.Column.LAB else week(session.held_on).lecture
            ).append(row)
    for due in due_rows(marks, now):
        week(timezone.localdate(due["due_at"], course.tz)).due.append(due)
    weeks = [by_week[number] for number in sorted(by_week)]
    for item in weeks:
        if item.number >= this:
            item.today_before = True
            break
    return weeks


def lecture_rows(course: Course, marks: list[DueMark], now: datetime, *, staff: bool) -> list[dict[str, Any]]:
    """The form of 6.S965: a row a session, with what is due that day or before the next session; due work without a session gets a row."""
    rows: list[dict[str, Any]] = []
    for session, row in session_rows(course, marks, now, staff=staff):
        rows.append({"row": row, "day": session.held_on, "due": [], "today_before": False})
    for due in due_rows(marks, now):
        day = timezone.localdate(due["due_at"], course.tz)
        place = next((r for r in rows if r["day"] == day), None)
        if place is None:
            place = {"row": None, "day": day, "due": [], "today_before": False}
            rows.append(place)
        place["due"].append(due)
    rows.sort(key=lambda r: r["day"] or date.max)
    today = timezone.localdate(now, course.tz)
    for item in rows:
        if item["day"] and item["day"] >= today:
            item["today_before"] = True
            break
    return rows


def programme_days(course: Course, now: datetime, *, staff: bool) -> list[dict[str, Any]]:
    """A programme by day: its heading, and its slots in order. Without a date the weekday is all there is, and the heading says so."""
    pairs = session_rows(course, [], now, staff=staff)

    def key(pair: tuple[Session, SessionRow]) -> tuple[str, int]:
        session = pair[0]
        return (
            session.held_on.isoformat() if session.held_on else "",
            -1 if session.weekday is None else session.weekday,
        )

    days = []
    for (iso, weekday), group in groupby(sorted(pairs, key=lambda pair: (*key(pair), pair[0].position)), key=key):
        day = date.fromisoformat(iso) if iso else None
        heading = (
            f"{day:%A}, {day:%B} {day.day}, {day.year}"
            if day
            else WEEKDAYS[weekday].capitalize()
            if weekday >= 0
            else "One day"
        )
        days.append({"heading": heading, "iso": iso, "slots": [row for _, row in group]})
    return days
