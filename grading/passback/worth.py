"""What an assignment is worth in another gradebook."""

from decimal import Decimal

from grading.grade_facts import items_of, measured_of
from grading.models.assignments import Assignment
from grading.rubric import ZERO


def worth_of(assignment: Assignment) -> Decimal:
    """The most points that it gives, without extra credit; 0 where nothing gives any."""
    items = [item for item in items_of(assignment) if not item.is_withdrawn and not item.is_extra]
    return assignment.points or measured_of(assignment) + sum((item.of for item in items), ZERO)
