"""Who has brought back what was lent for the term, and who has not: what late days and reminders are counted from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from courseplatform.courses.models import Course
from hardware.models import LoanPiece


@dataclass(frozen=True)
class TermReturn:
    """All that one borrower, a person or a team, was lent for the term. out: pieces that are still out; last_at: when the latest of the
    others came back, was used up or was declared lost."""

    person: int | None
    team: int | None
    pieces: int
    out: int
    last_at: datetime | None

    @property
    def returned_at(self) -> datetime | None:
        """When the last piece came back; None while something is out."""
        return None if self.out else self.last_at


def term_returns(
    course: Course, *, people: Collection[int] | None = None, teams: Collection[int] | None = None
) -> list[TermReturn]:
    """Of everybody, or of these people and teams alone. One query, whatever the size."""
    rows = LoanPiece.objects.filter(loan__course=course, loan__is_term=True)
    if people is not None or teams is not None:
        rows = rows.filter(Q(loan__person__in=people or ()) | Q(loan__team__in=teams or ()))
    sums = rows.order_by().values_list("loan__person", "loan__team").annotate(
        pieces=Count("pk"), still=Count("pk", filter=Q(back_at=None)), last=Max("back_at")
    )  # fmt: skip
    return [TermReturn(*row) for row in sums]


def returned_at(course: Course) -> dict[tuple[int | None, int | None], datetime]:
    """Borrower, as (person, team) -> when the last of what they had for the term came back; not in it while something is out."""
    return {(row.person, row.team): at for row in term_returns(course) if (at := row.returned_at) is not None}
