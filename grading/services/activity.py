"""Which of an owner's attempts counts: the rows, as grading/handing_in/standing.py decides."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from grading.handing_in.standing import active_of, models_of
from grading.handing_in.standing_rows import attempted_of, earned_by, has_parts
from grading.models.assignments import Assignment
from grading.models.submissions import Submission


def make_active(submission: Submission, accepts: Callable[[Submission], bool] | None = None) -> bool:
    """Make the attempt of its owner active that counts now, and give those without a model of their own the one that stands beside them.

    Args:
        accepts: whether the late policy takes an attempt; None: it is not asked. Returns whether another one is active than before.
    """
    mine = Submission.objects.of_owner(submission.owner).filter(assignment=submission.assignment_id)
    rows = {row.pk: row for row in mine.exclude(counts=False).order_by("received_at", "number")}
    rule = submission.assignment.active_rule
    tried = attempted_of(rows.values(), earned_by([row.pk for row in rows.values() if row.sha256]))
    models_set(rows.values(), models_of(tried, rule))
    asked = (lambda key: accepts(rows[key])) if accepts is not None else (lambda _: True)
    found = active_of(tried, rule, has_parts=has_parts(submission.assignment), accepts=asked)
    if found is None or rows[found].is_active:
        return False
    activate(mine, found)
    return True


def models_set(rows: Iterable[Submission], models: Mapping[Any, Any]) -> None:
    """models: attempt -> the attempt whose model it is judged with; its own or none is written as none."""
    for row in rows:
        wanted = models.get(row.pk)
        wanted = wanted if wanted != row.pk else None
        if row.pk in models and row.model_from_id != wanted:
            Submission.objects.filter(pk=row.pk).update(model_from=wanted)


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
