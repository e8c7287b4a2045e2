"""From the rows of attempts to what grading/handing_in/standing.py is asked: what each model earned by its newest result, and whether parts count too."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from grading.handing_in.standing import Attempted
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.parts import MODEL, STATEMENT


def earned_by(submissions: Collection[UUID]) -> dict[UUID, Decimal]:
    """Attempt -> what its newest result earned: an older one no longer speaks for it. One query."""
    rows = Result.objects.filter(run__submission__in=submissions).order_by("made_at", "pk")
    return dict(rows.values_list("run__submission", "earned"))


def attempted_of(rows: Iterable[Submission], earned: Mapping[UUID, Decimal]) -> list[Attempted]:
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
