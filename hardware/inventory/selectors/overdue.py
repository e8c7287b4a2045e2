"""What is overdue in a course, and with whom: for the dashboard, the day of return and the desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment
from courseplatform.teams.models import TeamStatus
from hardware.models import Loan, LoanPiece


@dataclass(frozen=True)
class OverdueRow:
    """One thing that should be back. days: of the course's calendar since it was due; 0 on the day itself.

    tag: "" of what is only counted, then `count` says how many. whom: `team Heron`, or `Lucas Brandt, dropped Oct 27`.
    """

    piece: LoanPiece
    name: str
    tag: str
    count: int
    whom: str
    due_at: datetime
    days: int
    reminded_at: datetime | None
    is_reminded_today: bool

    @property
    def loan(self) -> Loan:
        return self.piece.loan


@dataclass(frozen=True)
class OverdueGroup:
    """All that one borrower should have brought on the same day."""

    rows: list[OverdueRow]

    @property
    def first(self) -> OverdueRow:
        return self.rows[0]

    @property
    def loans(self) -> list[int]:
        return sorted({row.loan.pk for row in self.rows})

    @property
    def reminded_at(self) -> datetime | None:
        return max((row.reminded_at for row in self.rows if row.reminded_at), default=None)

    @property
    def is_reminded_today(self) -> bool:
        return all(row.is_reminded_today for row in self.rows)


def overdue_groups(rows: Iterable[OverdueRow]) -> list[OverdueGroup]:
    """In the order of their first rows."""
    found: dict[tuple[object, ...], list[OverdueRow]] = {}
    for row in rows:
        found.setdefault((row.loan.person_id, row.loan.team_id, row.days), []).append(row)
    return [OverdueGroup(group) for group in found.values()]


def overdue_rows(visit: Visit, now: datetime | None = None) -> list[OverdueRow]:
    """The longest overdue first. Two queries, whatever the size."""
    now = now or timezone.now()
    pieces = list(out_of(visit.course).filter(loan__due_at__lt=now).order_by("loan__due_at", "loan", "pk"))
    left = left_words(visit.course, (piece.loan for piece in pieces))
    return [_row(piece, left, now) for piece in pieces if piece.loan.due_at is not None]


def out_of(course: Course) -> "QuerySet[LoanPiece]":
    """Everything that is out, with its loan, its borrower and when they were reminded last."""
    found = LoanPiece.objects.filter(loan__course=course, back_at=None)
    told = Max("loan__events__at", filter=Q(loan__events__what="reminded"))
    return found.select_related("product", "item", "loan__course", "loan__person", "loan__team").annotate(told_at=told)


def left_words(course: Course, loans: Iterable[Loan]) -> dict[int, str]:
    """Person -> `dropped Oct 27`, for borrowers who are no longer in the course. One query."""
    people = {loan.person_id for loan in loans if loan.person_id}
    if not people:
        return {}
    rows = Enrolment.objects.filter(course=course, person__in=people, is_active=False)
    return {
        person: f"dropped {at.astimezone(course.tz):%b %-d}" if at else "dropped"
        for person, at in rows.values_list("person", "left_at")
    }


def whom_words(loan: Loan, left: dict[int, str]) -> str:
    if loan.team is not None:
        return f"team {loan.team}" + (", dissolved" if loan.team.status == TeamStatus.DISSOLVED else "")
    gone = left.get(loan.person_id or 0, "")
    return f"{loan.person}, {gone}" if gone else str(loan.person)


def days_over(due_at: datetime, now: datetime, course: Course) -> int:
    return (now.astimezone(course.tz).date() - due_at.astimezone(course.tz).date()).days


def _row(piece: LoanPiece, left: dict[int, str], now: datetime) -> OverdueRow:
    loan, told = piece.loan, piece.told_at  # type: ignore[attr-defined]
    due_at, zone = loan.due_at or now, loan.course.tz
    return OverdueRow(
        piece, piece.product.name, piece.item.tag if piece.item else "", piece.count - (piece.count_back or 0), whom_words(loan, left),
        due_at, days_over(due_at, now, loan.course), told, told is not None and told.astimezone(zone).date() == now.astimezone(zone).date(),
    )  # fmt: skip
