"""A result is written: by the end of a run, by a re-run that is applied, and by a board run that was asked for."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.queue.wake import RUN_KIND
from grading.reruns.rules import measured_by, points_by
from grading.services.class_points import class_point_record
from hardware.models import Job


def result_record(*, run: Run, document: Mapping[str, Any]) -> Result:
    """Write what a run came to, in the transaction that ends it or applies it.

    Args:
        document: of grading/measuring/measure_run.py; `by`: the rules that held when it was measured.
    """
    assignment, environment = run.submission.assignment, document["environment"]
    # What was parked by an older worker says nothing of `by` and of `left_open`.
    by = document.get("by") or {"points": points_by(assignment), "measured": measured_by(assignment)}
    made = Result.objects.create(
        run=run,
        report=document["report"],
        host=document["host"],
        metrics=document["metrics"],
        quality=document["quality"],
        points=document["points"],
        environment=environment,
        earned=Decimal(document["earned"]),
        of=Decimal(document["of"]),
        left_open=Decimal(document.get("left_open", 0)),
        graded_by=str(environment.get("graded_by", {}).get("label", ""))[:160],
        points_by=by["points"],
        measured_by=by["measured"],
    )
    class_point_record(result=made, assignment=assignment)
    return made


def job_as_run(*, job: Job, submission: Submission, requested_by: str) -> Run:
    """A job of another kind that measured an attempt becomes a run of it, in the transaction that lets it count."""
    Job.objects.filter(pk=job.pk).update(kind=RUN_KIND)
    job.kind = RUN_KIND
    run = Run(job_ptr=job, submission=submission, requested_by=requested_by)
    for field in Job._meta.concrete_fields:
        setattr(run, field.attname, getattr(job, field.attname))
    run.save_base(raw=True)  # the row of the job is there already
    return run
