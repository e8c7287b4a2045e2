"""Which of an owner's attempts counts: the rows, as grading/standing.py decides."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.parts import MODEL, STATEMENT
from grading.standing import Attempted, active_of, models_of


def make_active(submission: Submission, accepts: Callable[[Submission], bool] | None = None) -> bool:
    """Make the attempt of its owner active that counts now, and give those without a model of their own the one that stands beside them.

    Args:
        accepts: whether the late policy takes an attempt; None: it is not asked. Returns whether another one is active than before.
    """
    mine = Submission.objects.of_owner(submission.owner).filter(assignment=submission.assignment_id)
    rows = {row.pk: row for row in mine.exclude(counts=False).order_by("received_at", "number")}
    rule, tried = submission.assignment.active_rule, _attempted(list(rows.values()))
    for key, model in models_of(tried, rule).items():
        row = rows[key]
        wanted = model if model != row.pk else None
        if row.model_from_id != wanted:
            Submission.objects.filter(pk=row.pk).update(model_from=wanted)
    asked = (lambda key: accepts(rows[key])) if accepts is not None else (lambda _: True)
    found = active_of(tried, rule, has_parts=has_parts(submission.assignment), accepts=asked)
    if found is None or rows[found].is_active:
        return False
    activate(mine, found)
    return True


def _attempted(rows: list[Submission]) -> list[Attempted]:
    results = Result.objects.filter(run__submission__in=[row.pk for row in rows if row.sha256])
    earned: dict[UUID, Decimal] = dict(
        results.values("run__submission").annotate(most=Max("earned")).values_list("run__submission", "most")
    )
    return [
        Attempted(
            row.pk,
            row.received_at,
            bool(row.sha256) and not row.spares_attempt,
            row.counts,
            earned.get(row.pk),
            row.chosen_at,
        )
        for row in rows
    ]


def has_parts(assignment: Assignment) -> bool:
    """Whether anything but a model and a statement is handed in."""
    return any(part.kind not in {MODEL, STATEMENT} for part in assignment.all_parts)


def choose_again(assignment: Assignment) -> None:
    """Another attempt of each owner may count: the rule of the assignment is another."""
    newest: dict[tuple[int | None, int | None], Submission] = {}
    for submission in Submission.objects.filter(assignment=assignment).select_related("assignment", "person", "team"):
        newest.setdefault((submission.team_id, None if submission.team_id else submission.person_id), submission)
    for submission in newest.values():
        make_active(submission)


def activate(mine: "QuerySet[Submission]", pk: Any, **changes: Any) -> None:
    """One attempt of an owner is active. The old one first: the database allows only one."""
    mine.filter(is_active=True).exclude(pk=pk).update(is_active=False)
    mine.filter(pk=pk).update(is_active=True, **changes)
