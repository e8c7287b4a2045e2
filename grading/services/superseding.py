"""A newer attempt takes over the place of an older one that still waits: the line is as long as before, and the newer model is measured."""

from django.db import transaction

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from grading.handing_in.superseding_rules import is_late, may_take_over, older_waiting
from grading.models.assignments import NewerAttempt
from grading.models.runs import Run
from grading.services.late_days import lock_circle
from hardware import leases


@transaction.atomic
def run_take_over(*, visit: Visit, run: Run) -> Run:
    """Measure this attempt in the place of the older one that waits, which ends as cancelled and uncounted. Returns the older run.

    Raises:
        Forbidden: code `owner_only` for the staff, `both_are_measured` where the lab has it so.
        Conflict: code `nothing_waits`, `being_measured`, `already_finished` or `not_waiting`; then both are as they were.
    """
    if visit.is_staff:
        raise Forbidden("Only whose attempts they are say which one is measured.", code="owner_only")
    if not may_take_over(visit=visit, run=run):
        raise Forbidden("In this lab every attempt is measured in its turn.", code="both_are_measured")
    submission = run.submission
    lock_circle(course=submission.assignment.course, people={submission.person_id})
    run.refresh_from_db(fields=["status", "priority", "turn", "queued_at"])
    older = older_waiting(run)
    if older is None:
        raise Conflict("No earlier attempt waits in front of this one any more.", code="nothing_waits")
    _take_over(older, run, by=visit.by)
    return older


def replacement_settle(*, run: Run, replaced: Run | None, by: str) -> None:
    """Of a new hand-in, in its transaction: whose place in line it takes. replaced: what waits and has to give way, because all attempts are used up.

    Raises Conflict (`no_attempts_left`) where a worker has just taken that one.
    """
    if replaced is None:
        _newest_instead(run, by=by)
    else:
        _waiting_instead(run, replaced, by=by)


def _newest_instead(run: Run, *, by: str) -> None:
    """Where the lab has it so, it takes over the place by itself. Not when it is late: an older attempt
    that may be in time is nothing that a rule takes away. Where a worker has just taken the older one, both are measured."""
    submission = run.submission
    if submission.assignment.newer_attempt != NewerAttempt.REPLACE or is_late(submission):
        return
    older = older_waiting(run)
    if older is None:
        return
    try:
        _take_over(older, run, by=by)
    except Conflict:
        return


def _waiting_instead(run: Run, older: Run, *, by: str) -> None:
    """All attempts are used up: it is measured in the place of one of them that waits, so no more
    are measured than are allowed."""
    try:
        _take_over(older, run, by=by)
    except Conflict as error:
        assignment, number = run.submission.assignment, older.submission.number
        raise Conflict(
            f"All {assignment.attempts_allowed} attempts of {assignment.short} are used, and attempt {number} is being measured by now, so this "
            "one cannot take its place. Nothing was handed in.",
            code="no_attempts_left",
        ) from error


def _take_over(older: Run, run: Run, *, by: str) -> None:
    number = run.submission.number
    said = f"Attempt {number} took its place in line, so this one was not measured and is not counted."
    leases.job_take_over(older.job, run.job, by=by, why=said)
