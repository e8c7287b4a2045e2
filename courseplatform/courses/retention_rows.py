"""A source of rows that leave whole: the usual case beside files."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import Found, Source


def rows_source(kind: str, rows: Callable[[Course], Any], age: str) -> Source:
    """rows: those of a course that may leave, through a manager that may delete them. age: the column that says when one came."""

    def until(course: Course, before: datetime | None) -> Any:
        return rows(course) if before is None else rows(course).filter(**{f"{age}__lt": before})

    def found(course: Course, before: datetime | None) -> list[Found]:
        return [Found("", until(course, before).count())]

    def take(course: Course, before: datetime, most: int, now: datetime) -> Found:
        held = until(course, before).order_by(age, "pk")
        keys = list(held.values_list("pk", flat=True)[:most])
        held.model._base_manager.filter(pk__in=keys).delete()
        return Found("", len(keys))

    return Source(kind, found, take)
