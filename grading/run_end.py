"""What the end of a run means: a result with its points, an attempt that counts or not, and which attempt is active.

Called by the leases inside the transaction that finishes the job, so a run is never finished without its result.
"""

from decimal import Decimal
from typing import Any

from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from hardware.models import NOT_COUNTED, Job, Outcome


def run_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    run = Run.objects.select_related("submission").get(pk=job.pk)
    submission = run.submission
    if outcome == Outcome.MEASURED:
        _record_result(run, result)
    # A re-run that fails through our fault must not take away what an earlier run established.
    if outcome not in NOT_COUNTED:
        Submission.objects.filter(pk=submission.pk).update(counts=True)
    else:
        Submission.objects.filter(pk=submission.pk, counts=None).update(counts=False)
    if outcome == Outcome.MEASURED:
        make_active(submission)


def _record_result(run: Run, result: dict[str, Any]) -> None:
    Result.objects.create(
        run=run,
        report=result["report"],
        host=result["host"],
        metrics=result["metrics"],
        quality=result["quality"],
        points=result["points"],
        environment=result["environment"],
        earned=Decimal(result["earned"]),
        of=Decimal(result["of"]),
    )


def make_active(submission: Submission) -> None:
    """The best measured attempt is active; of equals the earlier one, because it was there first."""
    mine = Submission.objects.filter(assignment=submission.assignment_id, person=submission.person_id)
    best = (
        Result.objects.filter(run__submission__in=mine)
        .order_by("-earned", "run__submission__number", "-made_at")
        .values_list("run__submission_id", flat=True)
        .first()
    )
    if best is not None:
        mine.filter(is_active=True).exclude(pk=best).update(is_active=False)
        mine.filter(pk=best).update(is_active=True)
