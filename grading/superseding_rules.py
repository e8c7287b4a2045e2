"""Whether a newer attempt may take over the place of an older one: read by the page that offers it and by the service that does it."""

from courseplatform.courses.access import Visit
from grading.models.assignments import NewerAttempt
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


def may_take_over(*, visit: Visit, run: Run) -> bool:
    """Whether the lab lets the owner say so. The staff have other means: put first, or cancel."""
    return not visit.is_staff and run.submission.assignment.newer_attempt != NewerAttempt.WAIT


def is_late(submission: Submission) -> bool:
    """Whether it came after the due time that held then; what late days it costs is another question."""
    return submission.due_at is not None and submission.received_at > submission.due_at
