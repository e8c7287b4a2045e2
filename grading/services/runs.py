"""What people do with runs: cancel one, run one again. Ends of runs are recorded by the worker side (grading/measuring/run_end.py)."""

from datetime import datetime

from django.db import transaction

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.core.gone import check_kept
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.handing_in.hand_in_rules import attempts_left, may_end
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.services.course_log import change_log
from grading.services.late_days import lock_circle
from grading.services.submissions import run_enqueue
from hardware import leases
from hardware.models import Outcome, Priority, Status


def run_cancel(*, visit: Visit, run: Run, now: datetime | None = None) -> None:
    """Whoever was in the team and left it may still read what they were there for, and no more.

    Raises Conflict (`already_finished`); Forbidden (`not_in_the_team`).
    """
    if not may_end(visit, run.submission):
        said = "You are no longer in the team whose run this is, so you cannot cancel it. Its members can."
        raise Forbidden(said, code="not_in_the_team")
    leases.job_cancel(run.job, by=visit.by, now=now)


@transaction.atomic
def run_put_first(*, visit: Visit, run: Run, now: datetime | None = None) -> None:
    """Before everybody else in line, for a reason that the instructor knows; the record of the course says who did it, and names nobody else.

    Raises:
        Forbidden: code `instructors_only`. Conflict: code `not_waiting`.
    """
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("Only instructors put a run first: it is at the cost of all others.", code="instructors_only")
    leases.job_put_first(run.job, now=now)
    submission = run.submission
    said = f"{submission.assignment.short}, receipt {submission.receipt}: its run was put first in line."
    change_log(visit=visit, sentence=said, is_told=False)


def may_run_again(*, visit: Visit, run: Run) -> bool:
    """Staff may measure anything again; a student what we failed at, or what was cancelled."""
    if run.status != Status.FINISHED:
        return False
    return visit.is_staff or run.outcome in {Outcome.INFRASTRUCTURE, Outcome.CANCELLED}


@transaction.atomic
def run_again(*, visit: Visit, run: Run, now: datetime | None = None) -> Run:
    """Measure the same file once more, as a new run. The old one stays.

    An attempt that was not counted is being measured again, so it uses the allowance up like a new one until it has ended.

    Raises:
        Conflict: code `not_finished`, `already_in_line` or `no_attempts_left`.
        Forbidden: code `staff_only`. FileGone: the model was deleted since.
    """
    submission = run.submission
    lock_circle(course=submission.assignment.course, people={submission.person_id})
    if run.status != Status.FINISHED:
        raise Conflict("This run has not ended yet.", code="not_finished")
    if not may_run_again(visit=visit, run=run):
        raise Forbidden("Only the course staff can have a measured model measured again.", code="staff_only")
    # As it is now, behind the lock: another tab may have been faster.
    fresh = Submission.objects.only("counts", "model_file").get(pk=submission.pk)
    check_kept(fresh.model_file)
    left = attempts_left(owner=submission.owner, assignment=submission.assignment)
    if fresh.counts is False and left <= 0 and not visit.is_staff:
        raise Conflict(
            "All attempts of this assignment are used by now. Ask the course staff.", code="no_attempts_left"
        )
    priority = Priority.RERUN if visit.is_staff else Priority.AGAIN
    made = run_enqueue(submission=submission, by=visit.by, now=now, priority=priority)
    Submission.objects.filter(pk=submission.pk, counts=False).update(counts=None)
    return made
