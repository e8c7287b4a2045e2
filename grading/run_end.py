"""What the end of a run means: a result with its points, an attempt that counts or not, and which attempt is active.

Called by the leases inside the transaction that finishes the job, so a run is never finished without its result.
"""

from decimal import Decimal
from typing import Any

from django.db.models import Q

from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.parts import STATEMENT
from grading.services.activity import make_active
from grading.services.benchmarks import benchmark_record
from grading.services.late_days import late_days_mark
from hardware.models import NOT_COUNTED, Job, Outcome


def run_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    run = Run.objects.select_related("submission__assignment__course", "submission__person", "submission__team").get(
        pk=job.pk
    )
    submission = run.submission
    if outcome == Outcome.MEASURED:
        _record_result(run, result)
    _settle(submission, is_counted=outcome not in NOT_COUNTED)
    make_active(submission)
    if outcome == Outcome.MEASURED:
        benchmark_record(submission=submission)
    late_days_mark(
        course=submission.assignment.course,
        people={submission.person_id},
        cause=f"attempt {submission.number} was measured",
        actor="measurement",
    )


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


def _settle(submission: Submission, *, is_counted: bool) -> None:
    """Whether the attempt, and those that keep its model, count. A model that could not be measured takes nothing from the parts that
    came with it: they are a hand-in all the same, and no attempt is used up."""
    if is_counted:
        Submission.objects.filter(pk=submission.pk).update(counts=True, spares_attempt=False)
        Submission.objects.filter(model_from=submission.pk).update(counts=True)
        return
    # A re-run that fails through our fault must not take away what an earlier run established.
    undecided = Submission.objects.filter(Q(pk=submission.pk) | Q(model_from=submission.pk), counts=None)
    for row in undecided:
        has_work = row.pieces.exclude(part=STATEMENT).exists()
        Submission.objects.filter(pk=row.pk).update(counts=has_work, spares_attempt=has_work)
