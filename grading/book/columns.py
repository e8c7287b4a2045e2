"""The columns of a gradebook: one for each assignment, one for what enters by itself, in the order of the scheme."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from courseplatform.courses.models import Course
from courseplatform.seminar.people import day_words
from grading.book.sources.all import SOURCES
from grading.book.work import WorkRows
from grading.gradebook import ZERO, Component, Scheme
from grading.models.assignments import Assignment
from grading.models.grades import grade_path

OUTSIDE = ""  # the component of what counts for nothing
TO_COME = "to-come"  # the source of a component that nothing feeds yet


@dataclass(frozen=True)
class Column:
    """key: the slug of an assignment, or `source:<name>`, which no slug is. component: its key; "" outside the grade.

    of: points; 0 where they differ by person. weight: % of the course grade; None: shared evenly, or outside. says: `due Fri Nov 3`, `released`,
    `not released`. is_work: an assignment, whose cells are graded by points.
    """

    key: str
    short: str
    title: str
    component: str
    group: str
    of: Decimal = ZERO
    weight: Decimal | None = None
    url: str = ""
    says: str = ""
    is_work: bool = True
    is_released: bool = False


def source_key(name: str) -> str:
    return f"source:{name}"


def piece_column(key: str, source: str) -> str:
    """The column of a piece: its own, or that of the source that it comes from."""
    if source == TO_COME:
        return f"part:{key}"
    return source_key(source) if source else key


def columns_of(course: Course, scheme: Scheme, rows: WorkRows, now: datetime) -> tuple[Column, ...]:
    """Those of the scheme, then the work that stands in no component. No query."""
    left, found = {item.slug: item for item in rows.items}, list[Column]()
    for component in scheme.components:
        items = [left.pop(slug) for slug in component.work if slug in left]
        found += [_of_work(rows, item, component, len(items), now) for item in items]
        found += [_of_source(course, name, component) for name in component.sources]
        if not items and not component.sources:
            found.append(_to_come(component))
    return (*found, *(_of_work(rows, item, None, 0, now) for item in left.values()))


def _to_come(component: Component) -> Column:
    return Column(
        piece_column(component.key, TO_COME), component.title[:8], component.title, component.key, component.group,
        component.percent, component.percent, says="not announced yet", is_work=False,
    )  # fmt: skip


def _of_work(rows: WorkRows, item: Assignment, component: Component | None, pieces: int, now: datetime) -> Column:
    weight = None
    if component is not None and item.is_counted:
        even = component.percent / max(component.count, pieces + len(component.sources))
        weight = even if item.worth_percent is None else item.worth_percent
    is_released = item.pk in rows.released
    return Column(
        item.slug, item.short, item.full_title, component.key if component else OUTSIDE, component.group if component else "",
        rows.of.get(item.pk, item.points), weight, grade_path(item, "grades"), _says(item, now, is_released=is_released),
        is_released=is_released,
    )  # fmt: skip


def _says(item: Assignment, now: datetime, *, is_released: bool) -> str:
    if is_released:
        return "released"
    if item.due_at is not None and not item.is_past_due(now):
        return f"due {day_words(item.due_at.astimezone(item.course.tz).date())}"
    return "not released" if item.due_at else "no due date"


def _of_source(course: Course, name: str, component: Component) -> Column:
    source = SOURCES[name]
    alone = not component.work and len(component.sources) == 1
    return Column(
        source_key(name), source.short, source.title, component.key, component.group,
        weight=component.percent if alone else None, url=reverse(source.url_name, args=[course.slug]) if source.url_name else "",
        is_work=False, is_released=True,
    )  # fmt: skip
