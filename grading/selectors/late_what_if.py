"""Whose cost changes, before it is changed: the same rules asked twice, once as things are and once as they would be."""

from collections.abc import Callable

from courseplatform.courses.models import Course
from grading.late_compare import CostChange, compared
from grading.late_facts import LateFacts, circle_of, everybody, facts_of

Change = Callable[[LateFacts], None]


def cost_changes(course: Course, change: Change, people: set[int] | None = None) -> list[CostChange]:
    """What `change` would do to the verdicts of everybody, or of the circle around `people`. Writes nothing.

    Args:
        change: changes the facts in place: adds an extension, moves a deadline, takes another policy.
    """
    circle = everybody(course) if people is None else circle_of(course, people)
    now, then = facts_of(circle), facts_of(circle)
    if now is None or then is None:
        return []
    change(then)
    return compared(now, then)
