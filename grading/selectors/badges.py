"""The word, the icon and the tone of every state, in one place."""

from datetime import datetime

from django.utils import timezone

from courseplatform.core.badges import Badge
from grading.models.assignments import Assignment
from grading.models.runs import Run
from grading.models.submissions import Submission
from hardware.models import Outcome, Status

OUTCOMES: dict[str, Badge] = {
    Outcome.MEASURED: Badge("good", "check", "measured"),
    Outcome.REFUSED: Badge("neutral", "info", "not counted"),
    Outcome.CRASHED: Badge("bad", "octagon", "crashed"),
    Outcome.TIMED_OUT: Badge("bad", "octagon", "took too long"),
    Outcome.OUT_OF_MEMORY: Badge("bad", "octagon", "out of memory"),
    Outcome.MISBEHAVED: Badge("bad", "octagon", "stopped"),
    Outcome.INFRASTRUCTURE: Badge("warn", "triangle", "our fault, not counted"),
    Outcome.CANCELLED: Badge("neutral", "info", "cancelled"),
    Outcome.REJECTED: Badge("bad", "octagon", "rejected"),
}
STATUSES: dict[str, Badge] = {
    Status.QUEUED: Badge("neutral", "clock", "in line"),
    Status.LEASED: Badge("neutral", "clock", "starting"),
    Status.RUNNING: Badge("neutral", "clock", "running"),
    Status.PARKED: Badge("warn", "clock", "with the staff"),
}


def run_badge(run: Run | None) -> Badge:
    if run is None:
        return Badge("neutral", "info", "not measured")
    return OUTCOMES[run.outcome] if run.status == Status.FINISHED else STATUSES[run.status]


def attempt_badge(submission: Submission, run: Run | None) -> Badge:
    """The state of one attempt. `run`: the newest of its model, None where it has none."""
    if run is None and not submission.sha256:
        return Badge("good", "check", "handed in")
    return run_badge(run)


def assignment_badge(
    assignment: Assignment,
    *,
    handed_in: bool,
    run: Run | None,
    now: datetime,
    due_at: datetime | None,
    is_excused: bool = False,
    lacks: str = "",
) -> Badge:
    """The state of one assignment for one student, for whom it is due at `due_at`. `lacks`: parts that did not come with the attempt."""
    if assignment.is_draft:
        return Badge("neutral", "lock", "draft")
    if lacks and handed_in:
        return Badge("warn", "triangle", lacks)
    if run is not None:
        return run_badge(run)
    if handed_in:
        return Badge("good", "check", "handed in")
    if not assignment.is_released(now) and assignment.released_at is not None:
        opens = timezone.localtime(assignment.released_at)
        return Badge("neutral", "lock", f"opens {opens:%b %-d}")
    if not assignment.takes_anything:
        return Badge("neutral", "info", "to the staff" if assignment.kind != "hardware_return" else "at the desk")
    if is_excused:
        return Badge("neutral", "info", "excused")
    if due_at is not None and due_at < now:
        return Badge("bad", "octagon", "overdue")
    return Badge("neutral", "info", "not begun")
