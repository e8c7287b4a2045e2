"""Until when a loan may be renewed. Everything here runs inside the lock of the stockroom."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from hardware.hooks import return_day
from hardware.inventory.lending.loan_words import at_words, piece_name
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.services.bookings import extend
from hardware.models import HOLDS, Booking, Loan, LoanPiece, Reservation, ReservationStatus

MOST_TRIED = 20  # earlier days that are looked at where the wanted one is not free


def own_day(visit: Visit, loan: Loan, now: datetime) -> datetime:
    """The day to which the borrower may renew it alone: the same hour of the wall clock, so many days later.

    Raises Conflict: `is_term`, `no_day`, `overdue`, `renewed_enough`, `too_long`.
    """
    policy = policy_for(visit.course)
    if loan.is_term:
        raise Conflict(
            "It is due with the return of the course. Ask the staff for an extension of that.", code="is_term"
        )
    if loan.due_at is None:
        raise Conflict("No day was agreed for this loan, so there is nothing to renew.", code="no_day")
    if loan.due_at <= now:
        raise Conflict(
            f"It was due {at_words(loan.due_at, loan.course.tz)}. Bring it back, or ask the staff.", code="overdue"
        )
    if loan.renewed >= policy.renewals:
        times = "once" if policy.renewals == 1 else f"{policy.renewals} times"
        said = (
            f"A loan is renewed {times} at most, and this one was. Ask the staff."
            if policy.renewals
            else "In this course the staff renew loans. Ask them."
        )
        raise Conflict(said, code="renewed_enough")
    local = loan.due_at.astimezone(loan.course.tz)
    until_at = loan.course.wall(local.date() + timedelta(days=policy.renew_days), local.time())
    if policy.longest_days is not None and until_at - loan.handed_at > timedelta(days=policy.longest_days):
        raise Conflict(f"A loan lasts {policy.longest_days} days at most in this course. Ask the staff.", code="too_long")  # fmt: skip
    return until_at


def staff_day(loan: Loan, until_at: datetime | None, now: datetime, *, is_term: bool) -> datetime | None:
    """Raises BadInput: `no_day`, `due_in_past`."""
    if is_term:
        day = return_day(loan.course, loan.person, loan.team)
        until_at = day.due_at if day else None
    elif until_at is None:
        raise BadInput("Say until when, or for the term.", code="no_day")
    if until_at is not None and until_at <= now:
        raise BadInput("That day is over. Choose a later one.", code="due_in_past")
    return until_at


def pieces_extend(visit: Visit, loan: Loan, until_at: datetime | None, now: datetime) -> None:
    """Hold every piece that is out until then.

    Raises Conflict (`others_wait`): who waits (for staff by name), and until when it could be; details: until_at, where it could.
    """
    rows = list(
        loan.pieces.filter(back_at=None, item__isnull=False).select_related("booking__piece", "item", "product")
    )
    if not visit.is_staff:
        _check_line(loan, rows, until_at)
    for row in rows:
        booking: Booking | None = getattr(row, "booking", None)
        if booking is None:
            continue
        before = booking.until_at
        try:
            extend(booking, until_at=until_at, now=now)
        except Conflict as error:
            raise _refusal(visit, row, booking, (before, until_at), now) from error


def _check_line(loan: Loan, rows: Sequence[LoanPiece], until_at: datetime | None) -> None:
    """Nobody renews past a waiting list."""
    waiting = Reservation.objects.filter(stockroom=loan.stockroom, status=ReservationStatus.WAITING, product__in={row.product_id for row in rows})  # fmt: skip
    if until_at is not None:
        waiting = waiting.filter(from_at__lt=until_at)
    first = waiting.exclude(person=loan.person, team=loan.team).select_related("product").first()
    if first is not None and first.product is not None:
        said = f"Others wait for a {first.product.name}, so it is not renewed. Bring it back by {at_words(loan.due_at or first.from_at, loan.course.tz)}."
        raise Conflict(said, code="others_wait")


def _refusal(visit: Visit, row: LoanPiece, booking: Booking, asked: tuple[datetime | None, datetime | None], now: datetime) -> Conflict:  # fmt: skip
    """Who has it promised, and the latest instant until which it could be kept."""
    before, until_at = asked
    others = Booking.objects.filter(product=row.product, is_active=True, reservation__status__in=HOLDS, from_at__gt=max(now, before or now))  # fmt: skip
    if until_at is not None:
        others = others.filter(from_at__lt=until_at)
    promised = list(others.select_related("reservation__team", "reservation__person").order_by("-from_at")[:MOST_TRIED])
    latest = next((one for one in promised if _could(booking, one.from_at, now)), None)
    who = _who(visit, latest or (promised[-1] if promised else None))
    can = (
        f"It could be kept until {at_words(latest.from_at, visit.course.tz)}."
        if latest
        else "It cannot be kept longer than now."
    )
    details = {"until_at": latest.from_at.isoformat()} if latest else {}
    return Conflict(f"{piece_name(row)} is promised to {who}. {can}", code="others_wait", details=details)


def _could(booking: Booking, until_at: datetime, now: datetime) -> bool:
    try:
        extend(booking, until_at=until_at, now=now)
    except Conflict:
        return False
    return True


def _who(visit: Visit, booking: Booking | None) -> str:
    found = booking.reservation if booking else None
    if found is None or not visit.is_staff:
        return "somebody else"
    return f"team {found.team.name}" if found.team else str(found.person)
