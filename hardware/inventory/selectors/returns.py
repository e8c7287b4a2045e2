"""Who has brought back what was lent for the term, and who has not: what late days are counted from, and what their pages show."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_of
from hardware.inventory.selectors.overdue import left_words, whom_words
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
    if people is None and teams is None:
        rows = _for_the_term(course, None, None).order_by().values_list(*BACK)
    else:
        rows = LENT(course=course.pk, people=list(people or ()), teams=list(teams or ()))
    found = defaultdict[tuple[int | None, int | None], list[tuple[datetime | None, int]]](list)
    for person, team, back_at, pk in rows:
        found[person, team].append((back_at, pk))
    return [_sum(*borrower, pieces) for borrower, pieces in found.items()]


def _for_the_term(
    course: Course | int, people: Collection[int] | None, teams: Collection[int] | None
) -> "QuerySet[LoanPiece]":
    rows = LoanPiece.objects.filter(loan__course=course, loan__is_term=True)
    if people is None and teams is None:
        return rows
    return rows.filter(Q(loan__person__in=people or ()) | Q(loan__team__in=teams or ()))


BACK = ("loan__person", "loan__team", "back_at", "pk")
LENT: Prepared[Any] = Prepared(
    lambda course, people, teams: _for_the_term(course, people, teams).order_by().values_list(*BACK),
    course=int, people=list, teams=list,
)  # fmt: skip


def _sum(person: int | None, team: int | None, pieces: list[tuple[datetime | None, int]]) -> TermReturn:
    """Of what came back in the same instant the newest piece is the last one: one and the same, whoever asks."""
    back = [(at, pk) for at, pk in pieces if at is not None]
    last_at, last = max(back, default=(None, None))
    return TermReturn(person, team, len(pieces), len(pieces) - len(back), last_at, last)


@dataclass
class TermBorrower:
    """One borrower, a person or a team, with all that they were lent for the term. whom: `team Heron`, `Ruth Adler, dropped Oct 27`.

    people: names of the team's members now.
    """

    person: int | None
    team: Team | None
    whom: str
    people: str = ""
    out: list[LoanPiece] = field(default_factory=list)
    back: list[LoanPiece] = field(default_factory=list)

    @property
    def key(self) -> tuple[int | None, int | None]:
        return self.person, self.team.pk if self.team else None

    @property
    def last_at(self) -> datetime | None:
        return max((piece.back_at for piece in self.back if piece.back_at), default=None)


def term_borrowers(
    course: Course, now: datetime, *, people: Collection[int] | None = None, teams: Collection[int] | None = None
) -> list[TermBorrower]:
    """Everybody, or these people and teams alone, in the order of their names. Three queries, whatever the size."""
    rows = _for_the_term(course, people, teams).select_related(
        "product", "item", "loan__course", "loan__person", "loan__team"
    )
    pieces = list(rows.order_by("loan", "pk"))
    left = left_words(course, (piece.loan for piece in pieces))
    members = members_of({piece.loan.team for piece in pieces if piece.loan.team}, now)
    found: dict[tuple[int | None, int | None], TermBorrower] = {}
    for piece in pieces:
        loan = piece.loan
        names = ", ".join(one.person.name for one in members.get(loan.team_id or 0, []))
        fresh = TermBorrower(loan.person_id, loan.team, whom_words(loan, left), names)
        one = found.setdefault((loan.person_id, loan.team_id), fresh)
        (one.out if piece.back_at is None else one.back).append(piece)
    return sorted(found.values(), key=lambda one: one.whom.casefold())
