"""Who has brought back what was lent for the term, and who has not: what late days and reminders are counted from."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from courseplatform.courses.models import Course
from hardware.models import LoanPiece


@dataclass(frozen=True)
class TermReturn:
    """All that one borrower, a person or a team, was lent for the term. out: pieces that are still out; last_at: when the latest of the
    others came back, was used up or was declared lost; last: its key."""

    person: int | None
    team: int | None
    pieces: int
    out: int
    last_at: datetime | None
    last: int | None

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
    found = defaultdict[tuple[int | None, int | None], list[tuple[datetime | None, int]]](list)
    for person, team, back_at, pk in rows.order_by().values_list("loan__person", "loan__team", "back_at", "pk"):
        found[person, team].append((back_at, pk))
    return [_sum(*borrower, pieces) for borrower, pieces in found.items()]


def _sum(person: int | None, team: int | None, pieces: list[tuple[datetime | None, int]]) -> TermReturn:
    """Of what came back in the same instant the newest piece is the last one: one and the same, whoever asks."""
    back = [(at, pk) for at, pk in pieces if at is not None]
    last_at, last = max(back, default=(None, None))
    return TermReturn(person, team, len(pieces), len(pieces) - len(back), last_at, last)
