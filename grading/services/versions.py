"""Which of several attempts the grade rests on, where its owner chooses."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.courses.access import Visit
from grading.models.assignments import ActiveRule
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.services.activity import activate
from grading.services.benchmarks import benchmark_record
from grading.services.late_days import count_locked, lock_circle


def may_choose(visit: Visit, submission: Submission) -> bool:
    """Whether this person may make the attempt the active one: it is theirs or their team's, or they are staff."""
    rule = submission.assignment.active_rule
    return submission.counts is True and (rule == ActiveRule.CHOSEN or visit.is_staff)


@transaction.atomic
def attempt_choose(*, visit: Visit, submission: Submission, now: datetime | None = None) -> None:
    """Make this attempt the active one, and count late days anew: they are those of the attempt that counts.

    The submission was found through the visit. Choosing twice changes nothing.

    Raises:
        Conflict: `not_chosen_here` (the rule of the assignment decides), `not_measured`.
    """
    assignment = submission.assignment
    circle = lock_circle(course=assignment.course, people={submission.person_id})
    if not may_choose(visit, submission) and assignment.active_rule != ActiveRule.CHOSEN:
        said = f"In {assignment.short} {assignment.get_active_rule_display()} counts; nobody chooses."
        raise Conflict(said, code="not_chosen_here")
    if submission.assignment.takes_model and not Result.objects.filter(run__submission=submission.measured_pk).exists():
        raise Conflict(
            f"Attempt {submission.number} was not measured, so it cannot be the active one.", code="not_measured"
        )
    mine = Submission.objects.of_owner(submission.owner).filter(assignment=assignment)
    activate(mine, submission.pk, chosen_at=now or timezone.now())
    count_locked(circle)
    benchmark_record(submission=submission)
