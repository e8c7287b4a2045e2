"""What somebody has to bring back or may fetch, where people look for dates: the course home, the time rule, the calendars.

The return of the course is an assignment and stands there already; here are loans with a day of their own, and what is ready to be fetched.
"""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry, DueMark
from courseplatform.teams.models import Membership
from hardware.inventory.lending.loan_words import due_badge, things
from hardware.inventory.selectors.mine import loans_of
from hardware.models import Loan, Reservation, ReservationStatus

MOST_NAMED = 2


MINE = Prepared(
    lambda person, now, course: loans_of(person, now).filter(course=course), person=int, now=datetime, course=int
)


@asked_once
def _mine(visit: Visit, now: datetime) -> list[Loan]:
    """Open loans of the visitor and of their team in this course, what is due first first. Two queries."""
    return list(MINE(person=visit.person.pk, now=now, course=visit.course.pk))


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    """Own loans, and those of the team, that have a day of their own. Two queries; none for the staff."""
    if visit.is_staff:
        return []
    return [
        DueMark("Hardware back", _things(loan), loan.due_at, loan_path(loan), due_badge(loan, now))
        for loan in _mine(visit, now)
        if loan.due_at is not None and not loan.is_term
    ]


def home_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """What a student has and what is due first; None: nothing."""
    if visit.is_staff:
        return None
    loans = _mine(visit, now)
    number = sum(piece.count for loan in loans for piece in loan.out)  # type: ignore[attr-defined]
    if not number:
        return None
    to_confirm = [loan for loan in loans if loan.accepted_at is None]
    dated = [loan for loan in loans if loan.due_at is not None]
    return {"number": number, "first": dated[0] if dated else None, "badge": due_badge(dated[0], now) if dated else None, "to_confirm": to_confirm}  # fmt: skip


def calendar_entries(course: Course, person: User | None) -> list[CalendarEntry]:
    """When own things are due back and may be fetched. Four queries; none for everybody."""
    if person is None:
        return []
    now = timezone.now()
    loans = loans_of(person, now).filter(course=course, is_term=False, due_at__isnull=False)
    found = [
        CalendarEntry(
            uid=f"loan-{loan.pk}", title=f"Hardware back: {_things(loan)}", starts=loan.due_at, path=loan_path(loan),
            description="At the loan desk.", sequence=loan.renewed,
        )
        for loan in loans if loan.due_at is not None
    ]  # fmt: skip
    return found + [_pick_up(row) for row in ready_to_fetch(course, person, now)]


def ready_to_fetch(course: Course, person: User, now: datetime) -> list[Reservation]:
    """Approved reservations of this person and of the team they are in."""
    teams = Membership.objects.at(now).filter(person=person, course=course).values("team")
    mine = Reservation.objects.filter(course=course, status=ReservationStatus.APPROVED)
    found = mine.filter(person=person) | mine.filter(team__in=teams)
    return list(found.select_related("product", "kit", "course").order_by("from_at", "pk"))


def _pick_up(row: Reservation) -> CalendarEntry:
    name = row.product.name if row.product else row.kit.name if row.kit else "hardware"
    return CalendarEntry(
        uid=f"reservation-{row.pk}", title=f"Fetch {f'{row.count} x ' if row.count > 1 else ''}{name}", starts=row.from_at,
        path=reverse("stock:index", args=[row.course.slug]), description="It is kept for you at the loan desk.",
    )  # fmt: skip


def _things(loan: Loan) -> str:
    return things(loan.out, MOST_NAMED)  # type: ignore[attr-defined]


def loan_path(loan: Loan) -> str:
    return reverse("stock:loan", args=[loan.course.slug, loan.pk])
