"""What stands at the head of the page of a run: its badges, how many attempts are left, and the way to the next one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from courseplatform.core.badges import Badge
from grading.handing_in.hand_in_rules import uses_an_attempt
from grading.models.assignments import Assignment
from grading.models.owners import PreparedOfOwner
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.selectors.badges import OUTCOMES
from grading.selectors.late_words import late_badge, on_time_badge

NOT_FIT = Badge("bad", "octagon", "does not fit")
NOT_COUNTED = Badge("neutral", "info", "not counted")
WITHOUT_RESULT = {"refused": NOT_COUNTED, "cancelled": NOT_COUNTED, "ours": NOT_COUNTED}


def badges_of(run: Run, state: str) -> list[Badge]:
    """Whether it came in time, while that can still matter; of a run that brought nothing, what became of it."""
    if state in {"waiting", "running", "parked"}:
        return [on_time_badge(run.submission)]
    if state == "measured":
        return [late_badge(run.submission)]
    return [WITHOUT_RESULT.get(state) or OUTCOMES[run.outcome]]


@dataclass(frozen=True)
class Attempts:
    """Of one owner at one lab. next_number: of the one that would be handed in now."""

    assignment: Assignment
    left: int
    next_number: int

    def words(self, now: datetime) -> str:
        """9 of 10 attempts are left; due Fri Nov 3, 23:59 EDT."""
        due_at = self.assignment.due_at
        said = f"{self.left} of {self.assignment.attempts_allowed} attempts {'is' if self.left == 1 else 'are'} left"
        if due_at is None:
            return f"{said}."
        return f"{said}; {'due' if now <= due_at else 'it was due'} {timezone.localtime(due_at):%a %b %-d, %H:%M %Z}."

    @property
    def next_words(self) -> str:
        return f"Hand in attempt {self.next_number}" if self.left else f"Open {self.assignment.short}"


def _numbers(mine: Q, assignment: int) -> QuerySet[Submission]:
    rows = Submission.objects.filter(mine, assignment=assignment).order_by().values("assignment")
    found = rows.annotate(last=Max("number"), used=Count("pk", filter=uses_an_attempt())).values_list("last", "used")
    return cast("QuerySet[Submission]", found)


NUMBERS = PreparedOfOwner(_numbers, assignment=int)


def attempts_at(run: Run) -> Attempts:
    """One query."""
    assignment = run.submission.assignment
    rows: Any = NUMBERS(run.submission.owner, assignment=assignment.pk)
    last, used = next(iter(rows))  # one row at least: that of the run
    return Attempts(assignment, max(assignment.attempts_allowed - used, 0), last + 1)
