"""Whether a newer attempt may take over the place of an older one: read by the page that offers it and by the service that does it."""

from datetime import datetime

from courseplatform.courses.access import Visit
from grading.models.assignments import Assignment, NewerAttempt
from grading.models.owners import Owner
from grading.models.runs import Run
from grading.models.submissions import Submission
from hardware.models import Priority, Status


def older_waiting(run: Run) -> Run | None:
    """The earlier attempt of the same owner at the same work that waits in front of this one; of several the first in line. One query."""
    submission = run.submission
    theirs = Submission.objects.of_owner(submission.owner).filter(
        assignment=submission.assignment_id, number__lt=submission.number
    )
    waiting = Run.objects.filter(submission__in=theirs, status=Status.QUEUED, priority=Priority.LIVE)
    if run.status != Status.QUEUED or run.priority != Priority.LIVE:
        return None
    return waiting.filter(turn__lt=run.turn).select_related("submission").order_by("turn", "queued_at").first()


def replaceable(*, owner: Owner, assignment: Assignment, now: datetime) -> Run | None:
    """The attempt whose place a model takes that is handed in when all attempts are used up: the first in line that waits. One query.

    None where the lab measures every attempt, and where the new one would be late and the waiting one came in time: that is taken from nobody.
    """
    if assignment.newer_attempt == NewerAttempt.WAIT:
        return None
    theirs = Submission.objects.of_owner(owner).filter(assignment=assignment)
    waiting = Run.objects.filter(submission__in=theirs, status=Status.QUEUED, priority=Priority.LIVE)
    found = waiting.select_related("submission").order_by("turn", "queued_at").first()
    would_be_late = assignment.due_at is not None and now > assignment.due_at
    return None if found is None or (would_be_late and not is_late(found.submission)) else found


def may_take_over(*, visit: Visit, run: Run) -> bool:
    """Whether the lab lets the owner say so. The staff have other means: put first, or cancel."""
    return not visit.is_staff and run.submission.assignment.newer_attempt != NewerAttempt.WAIT


def is_late(submission: Submission) -> bool:
    """Whether it came after the due time that held then; what late days it costs is another question."""
    return submission.due_at is not None and submission.received_at > submission.due_at
