"""The work of a course as every page reads it: kept in the process, and read anew after any change (courseplatform/core/kept.py)."""

from django.db.models import F

from courseplatform.core.kept import kept_rows
from courseplatform.courses.models import Course
from grading.models.assignments import Assignment

BY_DUE = (F("due_at").asc(nulls_last=True), "position", "pk")


def course_work(course: Course) -> list[Assignment]:
    """The published work by its due time, with its hidden sets. No query where nothing was changed."""
    found = kept_rows("work", course.pk, lambda: _read(course))
    for item in found:
        item.course = course  # whose facts are not read again for every row
    return found


def _read(course: Course) -> list[Assignment]:
    rows = list(Assignment.objects.of(course).select_related("hidden_set").order_by(*BY_DUE))
    for row in rows:
        row.all_parts, row.device  # noqa: B018  parts and spec are read here once, for all copies
    return rows
