"""What the page reads on which a rubric is changed: what is not in it, whose rubric could be taken, and whose grade would change."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.course_file.rubric import entries_of
from grading.grade_facts import items_of, measured_of
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.rubric import ZERO, Item
from grading.rubric_plan import RubricPlan, moved_points
from grading.selectors.editing import courses_taught

MOST_SHOWN = 200


def rubric_head(visit: Visit, assignment: Assignment, items: Sequence[Item]) -> dict[str, Any]:
    """Two queries and those of `rubrics_to_take`."""
    return {
        "assignment": assignment,
        "count": sum(not item.is_withdrawn for item in items),
        "sums": _sums(assignment, items),
        "sources": rubrics_to_take(visit, assignment),
        "grades_url": grade_path(assignment, "grades"),
    }


def _sums(assignment: Assignment, items: Sequence[Item]) -> dict[str, Decimal]:
    """What the rubric gives as it is now, beside what is measured and what the assignment says."""
    live = [item for item in items if not item.is_withdrawn]
    graded = sum((item.of for item in live if not item.is_extra), ZERO)
    measured = measured_of(assignment)
    return {
        "graded": graded, "extra": sum((item.of for item in live if item.is_extra), ZERO), "measured": measured,
        "together": graded + measured, "said": assignment.points,
    }  # fmt: skip


def absent(items: Sequence[Item], keys_here: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """What a form leaves out: items, and by the key of an item its options. Each can come back under its key."""
    return {
        "items": [item for item in items if item.key not in keys_here],
        "options": {
            item.key: [option for option in item.options if option.key not in keys_here[item.key]]
            for item in items
            if item.key in keys_here
        },
    }


def rubrics_to_take(visit: Visit, assignment: Assignment) -> list[tuple[Course, list[Assignment]]]:
    """Other work with a rubric, by course: of the courses that one teaches, this one first. Three queries."""
    courses = courses_taught(visit)
    items = Count("rubric", filter=Q(rubric__is_withdrawn=False))
    rows = Assignment.objects.filter(course__in=courses, is_withdrawn=False).exclude(pk=assignment.pk)
    found: dict[int, list[Assignment]] = {course.pk: [] for course in courses}
    for row in rows.annotate(items=items).filter(items__gt=0).order_by("position", "pk"):
        found[row.course_id].append(row)
    return [(course, found[course.pk]) for course in courses if found[course.pk]]


def rubric_to_take(visit: Visit, assignment: Assignment, pk: str) -> tuple[Assignment, list[dict[str, Any]]] | None:
    """The assignment of this number and its rubric; None where it is none of those that may be taken."""
    for _, rows in rubrics_to_take(visit, assignment):
        for row in rows:
            if str(row.pk) == pk:
                return row, entries_of(items_of(row))
    return None


def preview_of(plan: RubricPlan) -> dict[str, Any]:
    """The change as the page shows it before it is applied."""
    shown = sorted(plan.changes, key=lambda one: (not one.again, not one.is_total))[:MOST_SHOWN]
    return {
        "plan": plan,
        "changed": shown,
        "more": len(plan.changes) - len(shown),
        "totals": len(plan.totals),
        "points": f"{moved_points(plan):+.2f}".replace("-", "\N{MINUS SIGN}"),
        "below": len(plan.changes) - len(plan.totals),
        "of_before": plan.of[0],
        "of_after": plan.of[1],
    }
