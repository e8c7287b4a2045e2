"""Which of an owner's attempts counts."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from grading.models.assignments import ActiveRule, Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.parts import MODEL, STATEMENT


def make_active(submission: Submission) -> None:
    """Which of its owner's attempts is active now, by the rule of the assignment.

    A measured one where there is any, else, where parts are handed in too, the newest that counts. Of the best models the earliest,
    because it was there first; of the attempts that keep one model the newest, because somebody replaced a part beside it. Where the
    owner chooses, the choice stays.
    """
    mine = Submission.objects.of_owner(submission.owner).filter(assignment=submission.assignment_id)
    rule = submission.assignment.active_rule
    if rule == ActiveRule.CHOSEN:
        chosen = mine.filter(chosen_at__isnull=False).exclude(counts=False).order_by("-chosen_at").first()
        if chosen is not None:
            activate(mine, chosen.pk)
            return
    rows = list(mine.exclude(counts=False).order_by("-number"))
    results = Result.objects.filter(run__submission__in={row.measured_pk for row in rows})
    earned = list(
        results.order_by("-earned", "run__submission__number", "-made_at").values_list("run__submission", flat=True)
    )
    best: set[UUID] = set(earned[:1]) if rule == ActiveRule.BEST else set(earned)
    has_parts = any(part.kind not in {MODEL, STATEMENT} for part in submission.assignment.all_parts)
    standing = [row for row in rows if row.measured_pk in best] or [row for row in rows if row.counts and has_parts]
    if standing:
        activate(mine, standing[0].pk)


def activate(mine: "QuerySet[Submission]", pk: Any, **changes: Any) -> None:
    """One attempt of an owner is active. The old one first: the database allows only one."""
    mine.filter(is_active=True).exclude(pk=pk).update(is_active=False)
    mine.filter(pk=pk).update(is_active=True, **changes)


def choose_again(assignment: Assignment) -> None:
    """Another attempt of each owner may count: the rule of the assignment is another."""
    newest: dict[tuple[int | None, int | None], Submission] = {}
    for submission in Submission.objects.filter(assignment=assignment).select_related("assignment", "person", "team"):
        newest.setdefault((submission.team_id, None if submission.team_id else submission.person_id), submission)
    for submission in newest.values():
        make_active(submission)
