"""Who may hand in what, and until when: read by the page that offers it and by the service that does it."""

from datetime import datetime
from typing import Protocol

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.models import Enrolment
from grading.models.assignments import Assignment
from grading.models.submissions import Submission


class Upload(Protocol):
    """A file that is already on disk, complete, with its hash."""

    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...

    def temporary_file_path(self) -> str: ...


def check_may_hand_in(*, person: User, assignment: Assignment, now: datetime) -> None:
    """Raises NotHere, or Conflict with code `no_model_taken`, `not_released` or `no_attempts_left`."""
    if not Enrolment.objects.filter(person=person, course=assignment.course_id, is_active=True).exists():
        raise NotHere("There is no such assignment, or it is not yours.")
    if not assignment.takes_model:
        raise Conflict(f"{assignment.short} takes no model file.", code="no_model_taken")
    if not assignment.is_released(now):
        raise Conflict(f"{assignment.short} is not open yet.", code="not_released")
    if attempts_left(person=person, assignment=assignment) <= 0:
        raise Conflict(
            f"All {assignment.attempts_allowed} attempts of {assignment.short} are used. Ask the course staff for another.",
            code="no_attempts_left",
        )


def attempts_left(*, person: User, assignment: Assignment) -> int:
    """Attempts that are counted, and those still being measured, use up the allowance; refused ones and our faults do not."""
    used = Submission.objects.filter(person=person, assignment=assignment).exclude(counts=False).count()
    return max(assignment.attempts_allowed - used, 0)


def too_large_sentence(assignment: Assignment, size: int | str) -> str:
    """The same words before sending (in the page) and after (on the server)."""
    shown = size if isinstance(size, str) else f"{size / 1024:,.0f} KiB".replace(",", "\u2009")
    limit = f"{assignment.spec.max_bytes / 1024:,.0f} KiB".replace(",", "\u2009")
    return (
        f"This file has {shown}; {assignment.short} takes at most {limit}. "
        "Quantize or prune the model, or leave out the optimiser state, and hand it in again."
    )
