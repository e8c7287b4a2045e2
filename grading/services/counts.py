"""Counting the instructions of a measured model: put in line behind everything else, and recorded by the worker side.

It is a number beside the result. It never changes points, uses no attempt, and when it fails nobody has to do anything.
"""

from typing import Any

from django.conf import settings

from courseplatform.core.markdown import quoted
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from grading.models.counts import CountRun
from grading.models.runs import Run
from grading.queue.wake import COUNT_KIND
from hardware.leases import job_enqueue
from hardware.models import Job, Outcome, Priority

FORMATS = frozenset({"onnx", "tflite"})  # as grading/bench/instruction_count.py; that is worker side


def count_enqueue(run: Run) -> CountRun | None:
    """In the transaction that records the result. None: the site counts nothing, this format is not counted, or it is in line already."""
    if not settings.COUNT_INSTRUCTIONS or run.submission.format not in FORMATS:
        return None
    if CountRun.objects.filter(measured_run=run).exists():
        return None
    return job_enqueue(
        CountRun,
        kind=COUNT_KIND,
        owner_key=f"count:{run.submission.person_id}",
        priority=Priority.IDLE,
        measured_run=run,
    )


def count_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """Called by the leases in the transaction that finishes the job. What looks wrong is told to the staff: the result stands already."""
    if outcome != Outcome.MEASURED:
        return
    CountRun.objects.filter(pk=job.pk).update(counted=result)
    if result["evidence"]:
        _tell_staff(CountRun.objects.select_related("measured_run__submission__assignment__course").get(pk=job.pk))


def _tell_staff(count: CountRun) -> None:
    run = count.measured_run
    course = run.submission.assignment.course
    staff = Enrolment.objects.filter(course=course, role__in=STAFF, is_active=True).select_related("person")
    notification_send(
        course=course, people=[one.person for one in staff], kind="grade", key=f"count-{count.pk}",
        title=f"The count of instructions of {run.submission.owner} in {run.submission.assignment.short} looks wrong",
        text=quoted(count.counted["evidence"][0]["sentence"]), path=run.get_absolute_url(),
    )  # fmt: skip
