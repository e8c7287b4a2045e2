"""Whose late-day cost an import of a course file would change: a line of the plan, before anything is taken."""

from dataclasses import replace
from typing import Any

from django.db import transaction

from courseplatform.courses.models import Course
from grading.course_file.assignments import ASSIGNMENTS_PART
from grading.course_file.late.course_part import LATE_PART
from grading.late_rows.compare import CostChange, compared
from grading.late_rows.facts import everybody, facts_of
from grading.models.assignments import Assignment

MOST_NAMED = 8
Tree = dict[str, Any]


def cost_effects(course: Course, held: Tree, tree: Tree) -> list[str]:
    """Nothing where neither the policy nor an assignment would change, or the course states no rule before and after."""
    parts = (LATE_PART, ASSIGNMENTS_PART)
    zone = tree["course"].get("zone", "")
    if zone == course.zone and all(held.get(part.key) == tree.get(part.key) for part in parts):
        return []
    circle = everybody(course)
    work = dict(Assignment.objects.filter(course=course).values_list("slug", "short"))
    with transaction.atomic():
        before, then = facts_of(circle), Course.objects.get(pk=course.pk)
        then.zone = zone
        for part in parts:
            part.load(then, tree.get(part.key))
        after = facts_of(replace(circle, course=then))
        transaction.set_rollback(True)
    return [] if before is None and after is None else [_sentence(compared(before, after), work)]


def _sentence(changes: list[CostChange], work: dict[str, str]) -> str:
    if not changes:
        return "Nobody's late-day cost would change."
    named = [f"{c.person.name}, {work.get(c.assignment, c.assignment)}: {c.words}" for c in changes[:MOST_NAMED]]
    more = f"; and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else ""
    count = f"{len(changes)} late-day cost{'s' if len(changes) != 1 else ''}"
    return f"{count} would change: {'; '.join(named)}{more}."
