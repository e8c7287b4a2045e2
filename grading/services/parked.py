"""Runs whose numbers look wrong, or that no board measured: kept back until one of the staff releases or rejects them with a reason.

To park a run is no verdict. The attempt is not used up, nobody is told a number, and the student hears that a person looks at it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import Forbidden
from courseplatform.core.markdown import quoted
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.models.parked import REASON_LETTERS, ParkedResult
from grading.models.runs import Run
from grading.services.grade_writing import check_text
from grading.services.late_days import lock_circle
from hardware import leases
from hardware.models import Job, Outcome

REJECTED_CODE, TAKEN_BACK_CODE = "rejected_by_staff", "no_board"
LOOKED_AT = "It was measured; the staff look at the numbers before they count. No attempt is used until then."
NO_BOARD_TOLD = (
    "No board measured it, our machine did; the staff decide whether that counts. No attempt is used until then."
)
DECIDED = {
    Outcome.MEASURED: "was released by the staff",
    Outcome.REJECTED: "was rejected by the staff",
    Outcome.CANCELLED: "was taken back by the staff; it costs no attempt",
}
ASKED = "Say why, so that the student and the rest of the staff can follow it."


def result_park(job: Job, result: dict[str, Any]) -> None:
    """Called by the leases in the transaction that parks the job. `result`: {evidence, document}."""
    run = Run.objects.select_related("submission__assignment__course", "submission__person", "submission__team").get(
        pk=job.pk
    )
    kept = ParkedResult.objects.create(run=run, evidence=result["evidence"], document=result["document"])
    submission = run.submission
    staff = Enrolment.objects.filter(course=submission.assignment.course, role__in=STAFF, is_active=True)
    titles = "; ".join(row["title"] for row in result["evidence"])
    _tell(
        run, "parked-staff", [one.person for one in staff.select_related("person")],
        f"A run of {submission.assignment.short} by {submission.owner} waits for your decision", titles,
    )  # fmt: skip
    said = NO_BOARD_TOLD if kept.is_only_no_board else LOOKED_AT
    _tell(run, "parked", _whose(run), f"{submission.assignment.short}, attempt {submission.number}, is being looked at by the staff", said)  # fmt: skip


def run_release(*, visit: Visit, run: Run, reason: str) -> None:
    """What was measured stands, as if it had never been kept back.

    Raises:
        Forbidden: `staff_only`. Conflict: `not_parked`, IllegalMove. BadInput: `reason_missing`, `reason_too_short`, `reason_too_long`.
    """
    said = _checked(visit, reason)
    document = ParkedResult.objects.filter(run=run).values_list("document", flat=True).first() or {}
    _decide(visit, run, Outcome.MEASURED, document, said)


def run_reject(*, visit: Visit, run: Run, reason: str) -> None:
    """What was measured does not count, and the attempt is used, unless all that is wrong is that there was no board. The student reads
    the reason. Raises as `run_release`.
    """
    said = _checked(visit, reason)
    kept = ParkedResult.objects.filter(run=run).first()
    if kept is not None and kept.is_only_no_board:
        _decide(visit, run, Outcome.CANCELLED, {"code": TAKEN_BACK_CODE, "message": said}, said)
        return
    _decide(visit, run, Outcome.REJECTED, {"code": REJECTED_CODE, "message": said}, said)


def _checked(visit: Visit, reason: str) -> str:
    if not visit.is_staff:
        raise Forbidden("Only the course staff decide on a run that was kept back.", code="staff_only")
    return check_text(reason, "reason", ASKED, least=REASON_LETTERS[0], most=REASON_LETTERS[1])


@transaction.atomic
def _decide(visit: Visit, run: Run, outcome: Outcome, result: dict[str, Any], reason: str) -> None:
    submission = run.submission
    # The order of locks is that of a hand-in: first the people, then their rows.
    lock_circle(course=submission.assignment.course, people={submission.person_id})
    leases.job_decide(run.job, outcome=outcome, result=result, by=visit.by, why=reason)
    title = f"{submission.assignment.short}, attempt {submission.number}, {DECIDED[outcome]}"
    _tell(run, "decided", _whose(run), title, reason)


def _whose(run: Run) -> Sequence[User]:
    submission = run.submission
    return members_at(submission.team, submission.received_at) if submission.team else [submission.person]


def _tell(run: Run, event: str, people: Sequence[User], title: str, text: str) -> None:
    notification_send(
        course=run.submission.assignment.course, people=people, kind="grade", key=f"run-{run.pk}-{event}",
        title=title, text=quoted(text), path=run.get_absolute_url(),
    )  # fmt: skip
