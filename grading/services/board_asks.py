"""A board run that somebody asks for: put in line, and withdrawn. What its end means: grading/measuring/ask_end.py."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict, Forbidden, TooMany
from courseplatform.core.gone import check_kept
from courseplatform.courses.access import Visit
from grading.asks.rules import may_ask, may_withdraw, open_ask
from grading.models.boards import BoardAsk
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.queue.wake import ASK_KIND
from grading.reruns.rules import points_by
from grading.services.late_days import lock_circle
from hardware import leases
from hardware.models import Job, Priority


@transaction.atomic
def board_ask(*, visit: Visit, run: Run, now: datetime | None = None) -> BoardAsk:
    """Ask that a board measures the attempt of this run, whose result stays until one has.

    Raises:
        Conflict: with the code of grading/asks/rules.py: `newer_result`, `asked_already`, `one_at_a_time`, `rules_changed`, ...
        TooMany: code `asked_enough`.
    """
    now, submission = now or timezone.now(), run.submission
    lock_circle(course=submission.assignment.course, people={submission.person_id})
    may = may_ask(visit=visit, run=run, now=now)
    if not may.ok:
        raise (TooMany if may.code == "asked_enough" else Conflict)(may.why, code=may.code)
    return board_ask_enqueue(submission=submission, by=visit.person.name, is_by_staff=visit.is_staff, now=now)


def board_ask_enqueue(*, submission: Submission, by: str, is_by_staff: bool, now: datetime | None = None) -> BoardAsk:
    """Behind everything that was handed in, in the line of the workers and in that of the boards. In the transaction of the caller.

    Raises FileGone where the model was deleted since.
    """
    check_kept(submission.model_file)
    return leases.job_enqueue(
        BoardAsk, kind=ASK_KIND, owner_key=submission.owner.key, priority=Priority.AGAIN, now=now, submission=submission, asked_by=by[:120],
        is_by_staff=is_by_staff, rules=points_by(submission.assignment),
    )  # fmt: skip


def board_ask_withdraw(*, visit: Visit, run: Run, now: datetime | None = None) -> None:
    """No board measures it; a board that has begun stops at its next beat.

    Raises:
        Conflict: code `not_asked`, `already_finished`. Forbidden: code `staff_only` for what the staff asked for, `not_yours` for who has left
        the team.
    """
    found = open_ask(run.submission)
    if found is None:
        raise Conflict("No board run of this attempt is asked for, or it has ended.", code="not_asked")
    may = may_withdraw(visit=visit, asked=found, now=now or timezone.now())
    if not may.ok:
        raise Forbidden(may.why, code=may.code)
    leases.job_cancel(Job.objects.get(pk=found.pk), by=visit.by, now=now)
