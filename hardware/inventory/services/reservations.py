"""Reservations: asked for, approved or declined, changed, cancelled. What cannot be had then may wait (services/waiting.py).

Items are held from the moment they are asked for, so that an answer of the staff never comes too late. Every write takes the lock of the
stockroom; rules that count (the quota, what is free) are asked inside it, and what a hundred others cannot change is asked before.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden, NotHere
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware import hooks
from hardware.inventory.access import stockroom_for
from hardware.inventory.ledger import stockroom_locked, stockroom_row_locked
from hardware.inventory.lending.eligibility import (
    Borrower,
    check_may_borrow,
    check_not_too_many,
    check_quota,
    return_day_for,
)
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.lending.reservation_notices import tell_borrower, tell_staff
from hardware.inventory.lending.time_ranges import (
    DAY_ENDS,
    TimeRange,
    check_length,
    check_range,
    instant_of,
    moment,
    range_words,
)
from hardware.inventory.lending.wishes import free_of, numbers_of, products_of, thing_words, wants_of
from hardware.inventory.selectors.availability import free_stock
from hardware.inventory.selectors.reservations import reservation_for
from hardware.inventory.services.bookings import NOT_FREE, book, release
from hardware.inventory.services.waiting import waiting_serve, waits_begun
from hardware.inventory.serving import STAYS, runners_that_stay
from hardware.models import (
    HOLDS,
    RESERVATION_MOVES,
    RESERVATION_OPEN,
    Item,
    Kit,
    Product,
    Reservation,
    ReservationMove,
    ReservationStatus,
    Stockroom,
)

Status = ReservationStatus
MOST_AT_ONCE = 50


def reservation_make(
    *,
    visit: Visit,
    borrower: Borrower,
    product: Product | None = None,
    item: Item | None = None,
    kit: Kit | None = None,
    count: int = 1,
    from_at: datetime,
    until_at: datetime | None = None,
    why: str = "",
    key: UUID | None = None,
    wait: bool = False,
    now: datetime | None = None,
) -> Reservation:
    """Ask for something: a student for themself or their team, staff for anybody. What staff ask for is approved.

    Args:
        product, item, kit: exactly one. count: of a product.
        until_at: None = for the term, until the return of the course for this borrower.
        key: of the form that was sent; the same again gives back the first one.
        wait: where it is not free, join the waiting list.

    Raises:
        BadInput: `nothing_chosen`, `bad_count`, `backwards`, `past`, `too_long`, `beyond_term`, `no_return`.
        Conflict: `not_free` (details: product, free, missing, next_at), `counted_product`, `not_in_service`, `carries_runner`, `kit_part`, `overdue_hold`,
            `quota`, `too_many_asked`.
        Forbidden: what `check_may_borrow` refuses. NotHere: it is not of this stockroom.
    """
    now, stockroom = now or timezone.now(), stockroom_for(visit)
    product = item.product if item is not None else product
    _check_thing(stockroom, product, item, kit, count)
    row = Reservation(
        stockroom=stockroom, course=visit.course, person=borrower.person, team=borrower.team, made_by=visit.person, made_at=now,
        product=product, item=item, kit=kit, count=count, from_at=from_at, is_term=until_at is None,
        until_at=until_at or _return_of(visit, borrower).due_at, why=why.strip()[:300], key=key,
    )  # fmt: skip
    try:
        _check_time(visit, row, now)
        check_may_borrow(
            visit=visit, borrower=borrower, wants=numbers_of(row), now=now, is_staff_override=visit.is_staff
        )
        return _make_locked(visit, borrower, row, wait, now)
    except AppError as error:
        # Sent twice it counts once, also where the first one took the last that this borrower may have.
        if known := _sent_before(visit, key):
            return known
        if error.code == NOT_FREE:
            raise _not_free(row, now) from error
        raise


@transaction.atomic
def _make_locked(visit: Visit, borrower: Borrower, row: Reservation, wait: bool, now: datetime) -> Reservation:
    """What others write meanwhile is asked again. Nothing else is, since everybody else waits for this lock."""
    stockroom_row_locked(row.stockroom_id)
    if known := _sent_before(visit, row.key):
        return known
    _check_still_lent(row)
    if not visit.is_staff:
        check_quota(visit.course, borrower, numbers_of(row))
    check_not_too_many(visit, borrower, now)
    # Who waits comes first. Whatever frees something serves them; what ended since the last sweep does it here.
    if waits_begun(now).filter(stockroom=row.stockroom).exists():
        waiting_serve(row.stockroom, products_of([row]), now=now)
    row.save()
    _place(visit, row, wait, now)
    return row


def _sent_before(visit: Visit, key: UUID | None) -> Reservation | None:
    """Raises BadInput (`key_taken`): the key is that of somebody else's form."""
    known = Reservation.objects.filter(key=key).first() if key else None
    if known is not None and (known.made_by_id, known.course_id) != (visit.person.pk, visit.course.pk):
        raise BadInput("Load the form again, and send it once more.", code="key_taken")
    return known


def _check_thing(stockroom: Stockroom, product: Product | None, item: Item | None, kit: Kit | None, count: int) -> None:
    if (product is None) == (kit is None):
        raise BadInput("Choose what you want to borrow: a product or a kit.", code="nothing_chosen")
    if stockroom.pk not in {one.stockroom_id for one in (product, kit) if one is not None}:
        raise NotHere("There is no such thing in the stock of this course.")
    if not 1 <= count <= MOST_AT_ONCE or (count > 1 and (item or kit)):
        raise BadInput(f"Write a number from 1 to {MOST_AT_ONCE}; of a kit or of one certain item it is 1.", code="bad_count")  # fmt: skip
    if product is not None and product.is_counted:
        raise Conflict(
            f"{product.name} is only counted, so it is not reserved. Ask for it at the desk: it is given out while "
            "there is some.",
            code="counted_product",
        )
    if product is not None and product.is_archived:
        raise Conflict(f"{product.name} is not lent any more. Choose something else.", code="not_in_service")
    if product is not None and count > 1:
        _check_there_are(product, count)
    if item is not None:
        _check_item(item)
    if kit is not None and kit.is_retired:
        raise Conflict(f"{kit.tag} is not lent any more. Choose another kit.", code="not_in_service")


def _check_item(item: Item) -> None:
    """Raises Conflict: `not_in_service`, `carries_runner`, `kit_part`."""
    if item.status != Item.Status.IN_SERVICE:
        raise Conflict(f"{item.tag} is {item.get_status_display().lower()} now. Choose another one.", code="not_in_service")  # fmt: skip
    if runner := runners_that_stay([item]).get(item.pk):
        raise Conflict(f"{item.tag} carries the runner {runner.name}, so it stays in the lab. Choose another one.", code="carries_runner")  # fmt: skip
    if (part_of := Kit.objects.filter(slots__item=item, is_retired=False).first()) is not None:
        raise Conflict(
            f"{item.tag} is a part of {part_of.tag} and lent with it alone. Reserve the kit.", code="kit_part"
        )


def _check_still_lent(row: Reservation) -> None:
    """What was given up since it was looked at. One query. Raises Conflict (`not_in_service`)."""
    gone: QuerySet[Any]
    if row.kit is not None:
        gone = Kit.objects.filter(pk=row.kit.pk, is_retired=True)
    elif row.item is not None:
        not_lent = Q(product__is_archived=True) | ~Q(status=Item.Status.IN_SERVICE) | STAYS
        gone = Item.objects.filter(not_lent, pk=row.item.pk)
    else:
        assert row.product is not None  # the table holds one of the two
        gone = Product.objects.filter(pk=row.product.pk, is_archived=True)
    if gone.exists():
        raise Conflict(f"{thing_words(row)} is not lent any more. Choose something else.", code="not_in_service")


def _check_there_are(product: Product, count: int) -> None:
    """Raises BadInput (`bad_count`): nobody waits for more than there will ever be."""
    in_all = product.items.exclude(status=Item.Status.RETIRED).count()
    if count > in_all:
        said = f"There {'is' if in_all == 1 else 'are'} {in_all} of {product.name} in all, so {count} can never be had."
        raise BadInput(f"{said} Write a smaller number.", code="bad_count")


def _return_of(visit: Visit, borrower: Borrower) -> hooks.ReturnDay:
    found = return_day_for(visit, borrower.person, borrower.team)
    if found is None:
        raise BadInput(
            "This course names no day on which everything comes back, so nothing is lent for the term. Choose the day "
            "until which you need it.",
            code="no_return",
        )
    return found


def _check_time(visit: Visit, row: Reservation, now: datetime) -> None:
    """Students keep to the rules of the course; staff may lend for longer."""
    course, found = visit.course, TimeRange(row.from_at, row.until_at)
    check_range(found, zone=course.tz, now=now)
    if visit.is_staff or row.is_term:
        return
    back = return_day_for(visit, row.person, row.team)
    ends = instant_of(course.tz, course.ends_on, None, whole=DAY_ENDS, field="until_day") if course.ends_on else None
    check_length(found, zone=course.tz, longest_days=policy_for(course).longest_days, last_at=back.due_at if back else ends)  # fmt: skip


def _place(visit: Visit, row: Reservation, wait: bool, now: datetime) -> None:
    """Hold its items, or put it on the waiting list."""
    try:
        book(row.stockroom, wants_of(row, row.from_at, row.until_at), now=now, reservation=row)
    except Conflict as error:
        if error.code != NOT_FREE or not wait:
            raise
        move(row, moves=RESERVATION_MOVES, to=Status.WAITING, by=visit.by, history=ReservationMove, queued_at=now)
        tell_borrower(row, "waits", now=now, by=visit.person)
        return
    if visit.is_staff or policy_for(row.course).approve == "automatic":
        said = "reserved by the staff" if visit.is_staff else "approved by the rules of the course"
        move(row, moves=RESERVATION_MOVES, to=Status.APPROVED, by=visit.by, why=said, history=ReservationMove)
        tell_borrower(row, "reserved", now=now)
        return
    tell_staff(row, "asked", now=now, said=row.why)
    tell_borrower(row, "asked", now=now, by=visit.person)


def _hold(row: Reservation, now: datetime) -> None:
    """Take its items. Raises Conflict (`not_free`), which says when it could be had."""
    try:
        book(row.stockroom, wants_of(row, row.from_at, row.until_at), now=now, reservation=row)
    except Conflict as error:
        if error.code != NOT_FREE:
            raise
        raise _not_free(row, now) from error


def _not_free(row: Reservation, now: datetime) -> Conflict:
    zone = row.course.tz
    times, count = free_of(free_stock(row.stockroom, now=now, products=products_of([row])), row)
    have = times.least(row.from_at, row.until_at)
    if row.is_term:
        next_at = times.next_until(count, row.from_at, row.until_at)
    else:
        next_at = times.next_for(count, row.from_at, row.until_at - row.from_at)
    name = row.product.name if row.product is not None and row.item is None else thing_words(row)
    whole = f"{have} of the {count} are free" if count > 1 else "none is free" if row.item is None and row.kit is None else "it is not free"  # fmt: skip
    found = range_words(zone, TimeRange(row.from_at, row.until_at))
    if next_at is not None and next_at > row.from_at:
        later = f"It can be had for as long from {moment(zone, next_at)}." if not row.is_term else f"It can be had from {moment(zone, next_at)}."  # fmt: skip
    else:
        later = "There is no later time at which it is known to be free."
    return Conflict(
        f"{name}: {whole} {found}. {later} Choose other days, or join the waiting list.", code=NOT_FREE,
        details={"product": name, "free": have, "missing": max(count - have, 1), "next_at": next_at.isoformat() if next_at else None},
    )  # fmt: skip


def reservation_approve(
    *, visit: Visit, reservation: Reservation, answer: str = "", now: datetime | None = None
) -> Reservation:
    """Say yes, also to what is on the waiting list, if it is free. Quota and overdue things are the staff's to weigh.

    Raises Forbidden (`staff_only`, `not_in_course`, `team_dissolved`), Conflict (`not_free`), IllegalMove, NotHere.
    """
    _check_staff(visit)
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = reservation_for(visit, reservation.pk)
        if row.status == Status.APPROVED:
            return row
        check_may_borrow(
            visit=visit, borrower=Borrower.of(row), wants=numbers_of(row), now=now, is_staff_override=True, served=row
        )
        if row.status == Status.WAITING:
            row.from_at = max(row.from_at, now)  # what was wanted from an earlier day on is still wanted
            _hold(row, now)
        move(
            row, moves=RESERVATION_MOVES, to=Status.APPROVED, by=visit.by, why=answer, history=ReservationMove,
            answer=answer.strip()[:300], from_at=row.from_at,
        )  # fmt: skip
        tell_borrower(row, "approved", now=now, said=row.answer)
    return row


def reservation_decline(
    *, visit: Visit, reservation: Reservation, answer: str = "", now: datetime | None = None
) -> Reservation:
    """Say no. Raises Forbidden (`staff_only`), IllegalMove, NotHere."""
    _check_staff(visit)
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = reservation_for(visit, reservation.pk)
        if row.status == Status.DECLINED:
            return row
        _end(row, Status.DECLINED, visit.by, answer, now, answer=answer.strip()[:300])
        tell_borrower(row, "declined", now=now, said=row.answer)
    return row


def reservation_cancel(
    *, visit: Visit, reservation: Reservation, why: str = "", now: datetime | None = None
) -> Reservation:
    """Take it back: whoever it is for, a member of the team, or staff. Raises IllegalMove, NotHere."""
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = reservation_for(visit, reservation.pk)
        if row.status == Status.CANCELLED:
            return row
        was_approved = row.status == Status.APPROVED
        _end(row, Status.CANCELLED, visit.by, why, now)
        tell_borrower(row, "cancelled", now=now, by=visit.person, said=why)
        if was_approved and not visit.is_staff:
            tell_staff(row, "cancelled", now=now, by=visit.person, said=why)
    return row


def _end(row: Reservation, to: str, by: str, why: str, now: datetime, **changes: Any) -> None:
    """It holds nothing any more, and who waits gets what it held. Inside the lock."""
    held = products_of([row]) if row.status in HOLDS else set()
    move(row, moves=RESERVATION_MOVES, to=to, by=by, why=why, history=ReservationMove, **changes)
    release(row.bookings.filter(is_active=True), now=now)
    waiting_serve(row.stockroom, held, now=now)


def reservation_change_dates(
    *,
    visit: Visit,
    reservation: Reservation,
    from_at: datetime,
    until_at: datetime | None,
    now: datetime | None = None,
) -> Reservation:
    """Other days for the same thing; it keeps its place and its answer. None of it is lost where the new days cannot be had.

    What is approved already, a student makes shorter and staff anything.

    Raises:
        BadInput: `backwards`, `past`, `too_long`, `beyond_term`, `no_return`.
        Conflict: `not_open`, `approved_already`, `not_free`. NotHere.
    """
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = reservation_for(visit, reservation.pk)
        if row.status not in RESERVATION_OPEN:
            raise Conflict(
                f"This reservation is {row.get_status_display().lower()}, so its days stay as they are. Ask for it anew.",
                code="not_open",
            )
        before = TimeRange(row.from_at, row.until_at)
        row.from_at, row.is_term = from_at, until_at is None
        row.until_at = until_at or _return_of(visit, Borrower.of(row)).due_at
        # What has begun may go on from where it began.
        _check_time(visit, row, min(now, before.from_at))
        inside = before.from_at <= row.from_at and row.until_at <= before.until_at
        if row.status == Status.APPROVED and not visit.is_staff and not inside:
            raise Conflict(
                f"It is approved {range_words(row.course.tz, before)}. You can make it shorter; for other days ask the "
                "staff, or cancel it and ask anew.",
                code="approved_already",
            )
        row.save(update_fields=["from_at", "until_at", "is_term"])
        if row.status in HOLDS:
            release(row.bookings.filter(is_active=True), now=now)
            _hold(row, now)
        waiting_serve(row.stockroom, products_of([row]), now=now)
        tell_borrower(row, "dates", now=now, by=visit.person)
    return row


def _check_staff(visit: Visit) -> None:
    if not visit.is_staff:
        raise Forbidden("Requests are answered by the staff of the course.", code="staff_only")
