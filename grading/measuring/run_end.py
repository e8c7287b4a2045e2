"""What the end of a run means: a result with its points, an attempt that counts or not, and which attempt is active.

Called by the leases inside the transaction that finishes the job, so a run is never finished without its result.
"""

from typing import Any

from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.parts import STATEMENT
from grading.services.benchmarks import benchmark_record
from grading.services.board_runs import board_runs_dropped
from grading.services.counts import count_enqueue
from grading.services.late_days import choose_active, late_days_mark, lock_circle
from grading.services.results import result_record
from hardware.models import NOT_COUNTED, Job, Outcome


def run_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    run = Run.objects.select_related("submission__assignment__course", "submission__person", "submission__team").get(
        pk=job.pk
    )
    submission = run.submission
    board_runs_dropped(job, by="site")
    # One after the other with hand-ins of the same people: who counts is decided from all their attempts.
    circle = lock_circle(course=submission.assignment.course, people={submission.person_id})
    if outcome == Outcome.MEASURED:
        result_record(run=run, document=result)
        count_enqueue(run)
    _settle(submission, is_counted=outcome not in NOT_COUNTED)
    choose_active(circle, submission)
    benchmark_record(submission=submission)
    late_days_mark(
        course=submission.assignment.course,
        people={submission.person_id},
        cause=f"attempt {submission.number} was measured",
        actor="measurement",
    )


def _settle(submission: Submission, *, is_counted: bool) -> None:
    """Whether the attempt counts. A model that could not be measured takes nothing from the parts that came with it: they are a hand-in all
    the same, with the model that counts besides, and no attempt is used up."""
    row = Submission.objects.filter(pk=submission.pk)
    if is_counted:
        row.update(counts=True, spares_attempt=False)
        return
    # A re-run that fails through our fault must not take away what an earlier run established.
    has_work = submission.pieces.exclude(part=STATEMENT).exists()
    row.filter(counts=None).update(counts=has_work, spares_attempt=has_work)
