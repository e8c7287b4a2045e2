"""What people do with runs: cancel one, run one again. Ends of runs are recorded by the worker side (grading/run_end.py)."""

from datetime import datetime

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from grading.models.runs import Run
from grading.services.submissions import run_enqueue
from hardware import leases
from hardware.models import Outcome, Status


def run_cancel(*, visit: Visit, run: Run, now: datetime | None = None) -> None:
    """Raises Conflict (`already_finished`)."""
    leases.job_cancel(run.job, by=visit.by, now=now)


def may_run_again(*, visit: Visit, run: Run) -> bool:
    """Staff may measure anything again; a student what we failed at, or what was cancelled."""
    if run.status != Status.FINISHED:
        return False
    return visit.is_staff or run.outcome in {Outcome.INFRASTRUCTURE, Outcome.CANCELLED}


def run_again(*, visit: Visit, run: Run, now: datetime | None = None) -> Run:
    """Measure the same file once more, as a new run. The old one stays.

    Raises:
        Conflict: code `not_finished` or `already_in_line`.
        Forbidden: code `staff_only`.
    """
    if run.status != Status.FINISHED:
        raise Conflict("This run has not ended yet.", code="not_finished")
    if not may_run_again(visit=visit, run=run):
        raise Forbidden("Only the course staff can have a measured model measured again.", code="staff_only")
    return run_enqueue(submission=run.submission, by=visit.by, now=now)
