"""What the apps above add to a course: sections of its home, due work, links of the bar, lines of the schedule, dates of the calendar; and what
they do when a session moves or members are to be told of a change.

Each app registers its own when it is ready; `courses` owns the order and knows none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext

from courseplatform.accounts.models import User
from courseplatform.courses.access import Reader, Visit
from courseplatform.courses.models import Course, Role, ScheduleChange, Session

Column = Literal["main", "side"]


@dataclass(frozen=True)
class Section:
    """One block of the course home: a template and what fills it. `build` may return None: nothing to show."""

    name: str
    order: int
    column: Column
    template: str
    build: Callable[[Visit, datetime], dict[str, Any] | None]


@dataclass(frozen=True)
class DueMark:
    """Something due, as every page of the course needs it: on the time rule, on the schedule, in the title of the home.

    detail: a sentence for the title alone, where this is due next; it is asked for there.
    """

    label: str
    title: str
    due_at: datetime
    url: str
    state: Any = None
    detail: Callable[[], str] = str


@dataclass(frozen=True)
class NavLink:
    """A link in the bar of every page of a course.

    url_name: takes `course` alone. owns: further url names, or prefixes that end in `:`, whose pages belong to it. key: the letter
    after `g`. roles: who sees it; None = visitors. in_more: kept in the menu at the end of the bar, for what is not needed daily.
    has_content: whether the page has anything to show in this course; makes no query.
    """

    label: str
    url_name: str
    order: int
    roles: frozenset[Role] | None
    key: str = ""
    owns: tuple[str, ...] = ()
    in_more: bool = False
    has_content: Callable[[Course], bool] = lambda course: True

    def is_current(self, view_name: str) -> bool:
        return view_name == self.url_name or any(
            view_name == name or (name.endswith(":") and view_name.startswith(name)) for name in self.owns
        )


@dataclass(frozen=True)
class ScheduleLine:
    """A line that another app adds below a session of the schedule: a paper, scribe notes, a report without a due time.

    html: safe, unfolds below the line. is_undated: work for which no date is stated.
    """

    session_id: int
    text: str
    url: str = ""
    note: str = ""
    kind: str = ""
    html: str = ""
    is_undated: bool = False


@dataclass(frozen=True)
class CalendarEntry:
    """A date for the feeds of a course and of a person.

    uid: stable for the life of the thing ("session-17"), unique in the course. starts, ends: aware datetimes, or days (`ends` is the
    last day, inclusive); no `ends` = a moment by which something is done. sequence: raised by each change, so that calendars take the
    new one; changed_at: when that was. weekly_until: repeats each week up to this day, except on the days of except_on.
    """

    uid: str
    title: str
    starts: datetime | date
    ends: datetime | date | None = None
    place: str = ""
    description: str = ""
    path: str = ""
    is_cancelled: bool = False
    sequence: int = 0
    weekly_until: date | None = None
    except_on: tuple[date, ...] = ()
    changed_at: datetime | None = None


# Moves what hangs on a session's day by as many days, and says so; by nothing: only says what would move.
Mover = Callable[[Session, date, timedelta], list[str]]
ScheduleSource = Callable[[Course, list[Session]], list[ScheduleLine]]  # what anybody may read
PublicDueSource = Callable[[Course, datetime], list[DueMark]]
DueSource = Callable[[Visit, datetime], list[DueMark]]
# The dates of a course for one person, or for everybody (None): then only what is public.
CalendarSource = Callable[[Course, User | None], list[CalendarEntry]]


@dataclass
class Registry:
    sections: list[Section] = field(default_factory=list)
    due_sources: list[DueSource] = field(default_factory=list)
    public_due_sources: list[PublicDueSource] = field(default_factory=list)
    nav_links: list[NavLink] = field(default_factory=list)
    calendar_sources: list[CalendarSource] = field(default_factory=list)
    schedule_sources: list[ScheduleSource] = field(default_factory=list)
    movers: list[Mover] = field(default_factory=list)
    change_listeners: list[Callable[[ScheduleChange], None]] = field(default_factory=list)

    def add_section(self, section: Section) -> None:
        self.sections = sorted([s for s in self.sections if s.name != section.name] + [section], key=lambda s: s.order)

    def add_due_source(self, source: DueSource) -> None:
        if source not in self.due_sources:
            self.due_sources.append(source)

    def add_public_due_source(self, source: PublicDueSource) -> None:
        if source not in self.public_due_sources:
            self.public_due_sources.append(source)

    def add_nav(self, *links: NavLink) -> None:
        """A page may have one link for members and another for visitors: a link is known by both."""
        names = {(link.url_name, link.roles) for link in links}
        kept = [link for link in self.nav_links if (link.url_name, link.roles) not in names]
        self.nav_links = sorted([*kept, *links], key=lambda link: link.order)

    def add_schedule_source(self, source: ScheduleSource) -> None:
        if source not in self.schedule_sources:
            self.schedule_sources.append(source)

    def add_mover(self, mover: Mover) -> None:
        if mover not in self.movers:
            self.movers.append(mover)

    def add_change_listener(self, listener: Callable[[ScheduleChange], None]) -> None:
        if listener not in self.change_listeners:
            self.change_listeners.append(listener)

    def add_calendar_source(self, source: CalendarSource) -> None:
        if source not in self.calendar_sources:
            self.calendar_sources.append(source)


registry = Registry()


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    """Everything due in the course, earliest first, of all apps."""
    return sorted((m for source in registry.due_sources for m in source(visit, now)), key=lambda m: m.due_at)


def public_due_marks(course: Course, now: datetime) -> list[DueMark]:
    """What is due in the course, as far as anybody may know it; without addresses."""
    return sorted((m for source in registry.public_due_sources for m in source(course, now)), key=lambda m: m.due_at)


def built_sections(visit: Visit, now: datetime) -> dict[Column, list[dict[str, Any]]]:
    """The sections that have something to show, each with its template and context, by column."""
    columns: dict[Column, list[dict[str, Any]]] = {"main": [], "side": []}
    for section in registry.sections:
        context = section.build(visit, now)
        if context is not None:
            columns[section.column].append({"name": section.name, "template": section.template, **context})
    return columns


def nav_links(visit: Visit | Reader, view_name: str) -> list[dict[str, Any]]:
    """The links of the bar for who is asking: label, url_name, key, in_more, is_current."""
    return [
        {"label": gettext(link.label), "url_name": link.url_name, "key": link.key, "in_more": link.in_more,
         "is_current": link.is_current(view_name)}
        for link in registry.nav_links
        if (link.roles is None if visit.role is None else link.roles is not None and visit.role in link.roles)
        and link.has_content(visit.course)
    ]  # fmt: skip
