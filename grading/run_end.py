"""What the end of a run means: a result with its points, an attempt that counts or not, and which attempt is active.

Called by the leases inside the transaction that finishes the job, so a run is never finished without its result.
"""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from grading.models.assignments import ActiveRule
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
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
    # A re-run that fails through our fault must not take away what an earlier run established.
    if outcome not in NOT_COUNTED:
        Submission.objects.filter(pk=submission.pk).update(counts=True)
    else:
        Submission.objects.filter(pk=submission.pk, counts=None).update(counts=False)
    if outcome == Outcome.MEASURED:
        make_active(submission)
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


def make_active(submission: Submission) -> None:
    """Which of its owner's attempts is active now, by the rule of the assignment. Only measured ones can be.

    Of the best ones the earliest, because it was there first. Where the owner chooses, the choice stays; before it, the newest.
    """
    mine = Submission.objects.of_owner(submission.owner).filter(assignment=submission.assignment_id)
    measured = Result.objects.filter(run__submission__in=mine)
    rule = submission.assignment.active_rule
    if rule == ActiveRule.CHOSEN and mine.filter(is_active=True, chosen_at__isnull=False).exists():
        return
    order = (
        ("-earned", "run__submission__number", "-made_at") if rule == ActiveRule.BEST else ("-run__submission__number",)
    )
    found = measured.order_by(*order).values_list("run__submission_id", flat=True).first()
    if found is not None:
        activate(mine, found)


def activate(mine: "QuerySet[Submission]", pk: Any, **changes: Any) -> None:
    """One attempt of an owner is active. The old one first: the database allows only one."""
    mine.filter(is_active=True).exclude(pk=pk).update(is_active=False)
    mine.filter(pk=pk).update(is_active=True, **changes)
