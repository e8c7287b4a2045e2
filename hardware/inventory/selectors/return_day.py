"""The day of return: who brings what, what is back, who is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_of
from hardware.hooks import return_day
from hardware.inventory.lending.loan_words import thing
from hardware.inventory.selectors.overdue import days_over, left_words, whom_words
from hardware.models import Loan, LoanPiece

COLUMNS = ("Borrower", "People", "Thing", "Count", "Due", "State", "Back", "Days late", "Reminded", "Loan")


@dataclass
class ReturnRow:
    """One borrower. loans: those of which something is out, with the pieces. back: pieces that came back. due_at: the earliest of what is out."""

    whom: str
    people: str
    loans: dict[Loan, list[LoanPiece]] = field(default_factory=dict)
    back: list[LoanPiece] = field(default_factory=list)
    due_at: datetime | None = None
    days: int = 0
    told_at: datetime | None = None

    @property
    def out(self) -> list[LoanPiece]:
        return [piece for pieces in self.loans.values() for piece in pieces]

    @property
    def last_at(self) -> datetime | None:
        return max((piece.back_at for piece in self.back if piece.back_at), default=None)

    @property
    def is_late(self) -> bool:
        return self.days > 0


def return_page(visit: Visit, now: datetime) -> dict[str, Any]:
    """All that was lent for the term, and whatever else is out. Five queries, and those of the day of return."""
    wanted = LoanPiece.objects.filter(Q(loan__is_term=True) | Q(back_at=None), loan__course=visit.course)
    pieces = wanted.select_related("product", "item", "loan__course", "loan__person", "loan__team").annotate(
        told_at=Max("loan__events__at", filter=Q(loan__events__what="reminded"))
    )  # fmt: skip
    found = list(pieces.order_by("loan__due_at", "loan", "pk"))
    rows = _rows(visit, found, now)
    missing = sorted((row for row in rows if row.loans), key=lambda row: (-row.days, row.whom.casefold()))
    done = sorted((row for row in rows if not row.loans), key=lambda row: row.whom.casefold())
    number = sum(len(row.out) + len(row.back) for row in rows)
    return {
        "day": return_day(visit.course, None, None), "rows": missing + done, "missing": missing, "done": done, "now": now,
        "has_term": any(piece.loan.is_term for piece in found),
        "pieces": number, "back": sum(len(row.back) for row in rows), "late": sum(row.is_late for row in missing),
    }  # fmt: skip


def _rows(visit: Visit, pieces: Sequence[LoanPiece], now: datetime) -> list[ReturnRow]:
    left = left_words(visit.course, (piece.loan for piece in pieces))
    teams: dict[int, Team] = {piece.loan.team.pk: piece.loan.team for piece in pieces if piece.loan.team}
    members = members_of(teams.values(), now)
    found: dict[tuple[int | None, int | None], ReturnRow] = {}
    for piece in pieces:
        loan = piece.loan
        people = ", ".join(one.person.name for one in members.get(loan.team_id or 0, []))
        row = found.setdefault((loan.person_id, loan.team_id), ReturnRow(whom_words(loan, left), people))
        if piece.back_at is not None:
            row.back.append(piece)
            continue
        row.loans.setdefault(loan, []).append(piece)
        told: datetime | None = piece.told_at  # type: ignore[attr-defined]
        row.told_at = max(filter(None, (row.told_at, told)), default=None)
        if loan.due_at is not None:
            row.due_at = min(loan.due_at, row.due_at or loan.due_at)
            row.days = max(row.days, days_over(loan.due_at, now, visit.course) if loan.due_at < now else 0)
    return list(found.values())


def csv_row(row: ReturnRow) -> Iterator[list[object]]:
    for piece in (*row.out, *row.back):
        loan, state = piece.loan, piece.get_ended_as_display() if piece.back_at else "out"
        yield [
            row.whom, row.people, thing(piece), piece.count, loan.due_at.isoformat() if loan.due_at else "", state,
            piece.back_at.isoformat() if piece.back_at else "", row.days if not piece.back_at else "",
            row.told_at.isoformat() if row.told_at else "", loan.pk,
        ]  # fmt: skip
