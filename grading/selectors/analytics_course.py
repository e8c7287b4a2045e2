"""The page of a course's analytics: which charts there are, what each is read from, and the sentence at the head."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.urls import reverse

from courseplatform.courses.access import Visit
from grading.analytics import devices, waits
from grading.analytics.chart import Chart
from grading.analytics.course_attempts import attempts_chart
from grading.analytics.course_drawn import Work
from grading.analytics.course_graders import Grader, graders_chart, graders_of
from grading.analytics.course_head import Head, head_of
from grading.analytics.course_labs import Spread, labs_chart
from grading.analytics.course_late import late_charts
from grading.analytics.course_span import WEEK, Span, span_of
from grading.models.assignments import Assignment, AssignmentKind
from grading.selectors import analytics_course_line as line
from grading.selectors import analytics_course_work as work
from hardware.course_devices import profiles_of
from hardware.inventory.selectors.boards_out import boards_out
from hardware.runners.selectors.use import device_boards, device_days, device_jobs


@dataclass
class Reading:
    """What is read for one answer. Everything that two charts share is read once."""

    visit: Visit
    span: Span
    now: datetime

    @property
    def course(self) -> Any:
        return self.visit.course

    @cached_property
    def works(self) -> list[Work]:
        """All published work in the order of its due times: one query."""
        rows = Assignment.objects.of(self.course).order_by("due_at", "position", "pk")
        return [
            Work(row.pk, row.short, row.due_at, _address(self.course.slug, row) if row.kind != AssignmentKind.HARDWARE_RETURN else "")
            for row in rows.only("pk", "short", "due_at", "slug", "kind")
        ]  # fmt: skip

    @cached_property
    def spreads(self) -> list[Spread]:
        """Of what is due in the days that were chosen, or has no due time; of all work where nobody chose."""
        wanted = [
            one
            for one in self.works
            if not self.span.query or one.due_at is None or self.span.holds(self.span.wall(one.due_at).date())
        ]
        return work.spreads_of(self.course, wanted)

    @cached_property
    def marked(self) -> tuple[list[Grader], bool]:
        """Those who grade, and whether some of what they marked is withheld."""
        of = work.of_hand(self.course)
        marked, is_withheld = work.marked_of(self.visit, of)
        return graders_of(work.graded_of(self.course, self.span, of), marked), is_withheld

    @cached_property
    def hours(self) -> list[devices.BoardHours]:
        """Of the span and of the last seven days, with the devices' names."""
        begun = min(self.span.starts_at, self.last_week.starts_at)
        rows = device_days(self.course, begun, max(self.span.ends_at, self.now), self.span.zone)
        return [
            devices.BoardHours(self.names.get(row.device, row.device), row.day, row.known, row.worked, row.checked, row.failed, row.away)
            for row in rows
        ]  # fmt: skip

    @cached_property
    def names(self) -> dict[str, str]:
        return {slug: profile.name for slug, profile in profiles_of(self.course, with_retired=True).items()}

    @cached_property
    def last_week(self) -> Span:
        today = self.span.wall(self.now).date()
        return Span(today - WEEK + timedelta(days=1), today, self.span.zone)

    @cached_property
    def uses(self) -> list[devices.DeviceUse]:
        boards = self._by_name(device_boards(self.course))
        for one in self.hours:
            boards.setdefault(one.device, 0)
        jobs = self._by_name(device_jobs(self.course, self.span.starts_at, self.span.ends_at))
        return devices.uses_of(self.hours, boards, jobs, self.span, self.last_week)

    def _by_name(self, counts: Mapping[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for slug, count in counts.items():
            name = self.names.get(slug, slug)
            found[name] = found.get(name, 0) + count
        return found

    @cached_property
    def waited(self) -> tuple[Mapping[Any, waits.Waits], waits.Waits | None]:
        return line.waits_of(self.course, self.span)

    @cached_property
    def attempts(self) -> list[Any]:
        return work.came_of(self.course, self.span)


def _address(slug: str, row: Assignment) -> str:
    """Of the analytics of the work itself."""
    return f"{reverse('grading:assignment', args=[slug, row.slug])}analytics/"


def _labs(read: Reading) -> list[Chart]:
    return [labs_chart(read.spreads)]


def _attempts(read: Reading) -> list[Chart]:
    return [attempts_chart(read.works, read.attempts, read.span)]


def _late(read: Reading) -> list[Chart]:
    used, left = work.used_of(read.course, read.span), work.left_of(read.course)
    return late_charts(read.works, used, left, read.span, work.late_words(read.course))


def _graders(read: Reading) -> list[Chart]:
    graders, is_withheld = read.marked
    return [graders_chart(graders, is_withheld=is_withheld)]


def _devices(read: Reading) -> list[Chart]:
    until = min(read.span.ends_at - timedelta(microseconds=1), read.now)
    days, owned = boards_out(read.course, read.span.first, until)
    out = devices.out_chart([devices.OutDay(one.day, one.out) for one in days], owned, "boards", read.span, read.works)
    term = devices.term_chart(read.hours, read.span, read.works)
    host = line.host_use(read.course, read.span)
    return [devices.boards_chart(read.uses, host, read.span), *([term] if term else []), out]


def _line(read: Reading) -> list[Chart]:
    by_day, whole = read.waited
    nights = waits.nights_chart(line.nights_of(read.course, read.works, read.span))
    ours = waits.ours_chart(line.ours_of(read.course, read.span), read.span, read.works)
    return [waits.waits_chart(by_day, read.span, read.works, whole), nights, ours]


# Keys of the charts of each section, so that a figure reads only what it is drawn from.
SECTIONS: Sequence[tuple[frozenset[str], Callable[[Reading], list[Chart]]]] = (
    (frozenset({"labs"}), _labs), (frozenset({"attempts"}), _attempts), (frozenset({"late", "late-labs", "late-left"}), _late),
    (frozenset({"graders"}), _graders), (frozenset({"boards", "boards-term", "out"}), _devices), (frozenset({"waits", "nights", "ours"}), _line),
)  # fmt: skip
JUMPS = (
    ("labs", "Assignments"),
    ("attempts", "Attempts"),
    ("late", "Late days"),
    ("graders", "Graders"),
    ("boards", "Boards"),
    ("waits", "Line"),
)
CHOICES = (("", "The term"), ("weeks=4", "Last 4 weeks"), ("weeks=1", "Last week"))


def range_of(visit: Visit, query: Mapping[str, str], now: datetime) -> Span:
    """Raises BadInput, as `span_of` says."""
    course = visit.course
    return span_of(
        query,
        starts_on=course.starts_on,
        ends_on=course.ends_on,
        today=now.astimezone(course.tz).date(),
        zone=course.tz,
    )


def charts_with(visit: Visit, span: Span, now: datetime, key: str) -> list[Chart]:
    """The charts of the section that has this key; none for a key that no chart has."""
    build = next((build for keys, build in SECTIONS if key in keys), None)
    return build(Reading(visit, span, now)) if build else []


def course_page(visit: Visit, span: Span, now: datetime) -> dict[str, Any]:
    """Some twenty queries, whatever the number of people and assignments."""
    read = Reading(visit, span, now)
    charts = [chart for _, build in SECTIONS for chart in build(read)]
    return {
        "charts": charts, "head": _head(read), "span": span, "query": f"?{span.query}" if span.query else "", "jumps": JUMPS, "choices": CHOICES,
    }  # fmt: skip


def _head(read: Reading) -> Head:
    return head_of(
        read.spreads, attempts=sum(one.count for one in read.attempts), graders=read.marked[0], waits=read.waited[1],
        busy=devices.overall([one for one in read.uses if one.known]),
    )  # fmt: skip
