"""The return of the hardware as work that is due: which assignment it is, and how a return is told from a hand-in in the facts.

What came back is a fact of the loans (hardware/inventory/selectors/returns.py) and no row of ours: its id in the facts names the piece
with which everything was back, and is never the key of a Submission.
"""

from collections.abc import Iterable

from courseplatform.courses.models import Course
from grading.models.assignments import Assignment, AssignmentKind
from hardware.inventory.lending.policy import policy_for

MARK = "return-"


def return_id(piece: int) -> str:
    return f"{MARK}{piece}"


def is_return(hand_in: str) -> bool:
    return hand_in.startswith(MARK)


def piece_of(hand_in: str) -> int | None:
    """The key of the piece of a loan that completed this return; None of what was handed in."""
    return int(hand_in.removeprefix(MARK)) if is_return(hand_in) else None


def may_be_return(item: Assignment) -> bool:
    """Whether the course's return may be this one: to spare others a query."""
    return item.kind == AssignmentKind.HARDWARE_RETURN or item.slug == policy_for(item.course).returns


def return_among(course: Course, work: Iterable[Assignment]) -> Assignment | None:
    """The assignment by which everything comes back: the one that the rules of lending name, else the only one of its kind. No query."""
    items = list(work)
    named = policy_for(course).returns
    if named:
        return next((item for item in items if item.slug == named), None)
    found = [item for item in items if item.kind == AssignmentKind.HARDWARE_RETURN]
    return found[0] if len(found) == 1 else None


def return_of(course: Course) -> Assignment | None:
    """The same, read: published, and with a due time. One query."""
    return return_among(course, Assignment.objects.of(course).exclude(due_at=None).select_related("course"))
