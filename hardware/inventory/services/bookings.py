"""Taking items for a range of time, so that nothing is promised twice. Every function here runs inside the lock of the stockroom.

Reservations and loans both come here. Which item serves which booking is planned anew when it has to be (hardware/inventory/lending/planning.py):
until the hand-over, a booking is of a product, and the item on it is a plan.
"""

from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from courseplatform.core.errors import Conflict
from hardware.inventory.lending.planning import FOREVER, Claim, Plan, plan
from hardware.inventory.serving import STAYS
from hardware.models import HOLDS, Booking, Item, LoanPiece, Product, Reservation, Stockroom

NOT_FREE = "not_free"
SOON = timedelta(days=1)  # before this, what is late may still come back in time


@dataclass(frozen=True)
class Want:
    """One item of a product in [from_at, until_at). item: no other will do. until_at None: no end is known. piece: it is being handed over."""

    product: Product
    from_at: datetime
    until_at: datetime | None
    item: Item | None = None
    piece: LoanPiece | None = None


@dataclass(frozen=True)
class Replanned:
    """lost: bookings that have no item left. served: bookings that had none and have one again. moved: how many changed their item."""

    lost: list[Booking]
    served: list[Booking]
    moved: int = 0


def lendable(product: Product) -> QuerySet[Item]:
    """Items that can be promised: in service, no fixed part of a kit in use, and carrying no runner that stays in the lab."""
    found = product.items.filter(status=Item.Status.IN_SERVICE).exclude(STAYS)
    return found.exclude(kit_slot__kit__is_retired=False).order_by("tag")


def book(
    stockroom: Stockroom, wants: Sequence[Want], *, now: datetime, reservation: Reservation | None = None
) -> list[Booking]:
    """Take an item for each want: all of them, or none. Others may be planned onto another item for it.

    A want that names its item takes it also where that is a fixed part of a kit.

    Raises:
        Conflict: `not_free`; details: product (its name), missing (how many too few). Nothing is written.
    """
    made = [
        Booking(
            stockroom=stockroom, product=want.product, item=want.item, reservation=None if want.piece else reservation, piece=want.piece,
            from_at=want.from_at, until_at=want.until_at, is_pinned=want.item is not None,
        )
        for want in wants
    ]  # fmt: skip
    products = {want.product.pk: want.product for want in wants}.values()
    _write(
        [_plan_with(product, [one for one in made if one.product_id == product.pk], now) for product in products], made
    )
    return made


def release(bookings: Iterable[Booking], *, now: datetime) -> None:
    """They hold nothing any more. What had been and what was never used stays as a row, cut at `now`."""
    for row in bookings:
        row.is_active = False
        row.until_at = max(now, row.from_at) if row.until_at is None else min(row.until_at, max(now, row.from_at))
        if row.until_at <= row.from_at:
            row.until_at = None
        row.save(update_fields=["is_active", "until_at"])


def extend(booking: Booking, *, until_at: datetime | None, now: datetime) -> None:
    """Hold its item until another instant. Raises Conflict (`not_free`): somebody else has it from then on and no other item serves them."""
    booking.until_at = until_at
    _write([_plan_with(booking.product, [booking], now)], [booking])


def stretch(bookings: Sequence[Booking], *, until_at: datetime, now: datetime) -> Replanned:
    """Hold their items until another instant, whoever else they were promised to: the course has moved the day on which they come back.

    Others are planned onto another item; who finds none is in `lost`, also who wanted this very item and is now served by any.
    """
    for one in bookings:
        one.until_at = max(until_at, one.from_at + timedelta(seconds=1))
        one.save(update_fields=["until_at"])
    wanted = [_wants_same(one) for one in bookings if one.is_pinned]
    freed = list(Booking.objects.filter(reduce(or_, wanted)).values_list("pk", flat=True)) if wanted else []
    Booking.objects.filter(pk__in=freed).update(item=None, is_pinned=False)
    found = replan({one.product_id: one.product for one in bookings}.values(), now=now)
    without = Booking.objects.filter(pk__in=freed, item=None).select_related("product", "piece")
    return replace(found, lost=[*found.lost, *without])


def _wants_same(booking: Booking) -> Q:
    """Reservations of this very item while it is booked."""
    others = Q(item=booking.item_id, is_active=True, is_pinned=True, piece=None, from_at__lt=booking.until_at)
    return others & (Q(until_at=None) | Q(until_at__gt=booking.from_at)) & ~Q(pk=booking.pk)


def hopeless(now: datetime) -> QuerySet[Booking]:
    """Reservations of one certain item, begun or soon to begin, that it cannot serve: somebody keeps it too long, or it is not in service."""
    late = LoanPiece.objects.filter(back_at=None, item__isnull=False, loan__due_at__lte=now)
    found = Booking.objects.filter(
        is_active=True, is_pinned=True, piece=None, reservation__status__in=HOLDS, from_at__lte=now + SOON
    )
    return found.filter(~Q(item__status=Item.Status.IN_SERVICE) | Q(item__in=late.values("item")))


def any_instead(product: Product, *, now: datetime) -> tuple[list[Booking], list[Booking]]:
    """Who asked for one certain item of this product that cannot be had gets any other, where there is one.

    Returns who has another now, and whose wish allows no other: a fixed part of a kit is lent with the kit alone.
    """
    found = list(hopeless(now).filter(product=product).select_related("reservation", "product"))
    loose = [one for one in found if one.reservation is not None and one.reservation.kit_id is None]
    moved = []
    for one in loose:
        one.item, one.is_pinned = None, False
        with suppress(Conflict):
            _write([_plan_with(product, [one], now)], [one])
            moved.append(one)
    return moved, [one for one in found if one not in moved]


def hand_out(booking: Booking, piece: LoanPiece, *, until_at: datetime | None, now: datetime) -> None:
    """The booking of a reservation becomes that of the piece that is handed over for it: of that item, from now on.

    Raises Conflict (`not_free`): the item is promised to somebody else, and no other serves them.
    """
    booking.item, booking.piece, booking.reservation = piece.item, piece, None
    booking.from_at, booking.until_at, booking.is_pinned = now, until_at, True
    _write([_plan_with(booking.product, [booking], now)], [booking])


def replan(products: Iterable[Product], *, now: datetime) -> Replanned:
    """Look again which item serves which booking: after one broke, went missing, stayed out too long, or came back."""
    lost: list[Booking] = []
    served: list[Booking] = []
    moved = 0
    for product in products:
        rows = _active(product)
        before = {row.pk: row.item_id for row in rows}
        _apply(rows, plan(_keys_of(product), [claim_of(row, now) for row in rows]))
        changed = [row for row in rows if row.item_id != before[row.pk]]
        Booking.objects.bulk_update(changed, ["item"])
        lost += [row for row in changed if row.item_id is None]
        served += [row for row in changed if before[row.pk] is None]
        moved += len(changed)
    check_overlaps()
    return Replanned(lost, served, moved)


def _plan_with(product: Product, new: list[Booking], now: datetime) -> list[Booking]:
    """Give `new` their items, moving others where that helps. Returns those others; nothing is written. Raises Conflict (`not_free`)."""
    mine = {one.pk for one in new if one.pk}
    others = [row for row in _active(product) if row.pk not in mine]
    before = {row.pk: row.item_id for row in others}
    claims = [claim_of(row, now) for row in (*others, *new)]
    # Among the others two may meet already, where one is overdue and the next wants that very item: that is not what is asked here.
    pinned = [one for one in claims if one.is_pinned]
    asked = {_key(row) for row in new}
    twice = sum(
        one.item == other.item and one.overlaps(other) and not asked.isdisjoint((one.key, other.key))
        for n, one in enumerate(pinned)
        for other in pinned[:n]
    )
    found = plan(_keys_of(product), claims)
    # What had no item before stays without one; it must not keep others from theirs.
    missing = [key for key in found.unserved if key not in before or before[key] is not None]
    if missing or twice:
        raise Conflict(
            f"{product.name} is not free then: {len(missing) or twice} too few. Nothing was written.",
            code=NOT_FREE,
            details={"product": product.name, "missing": len(missing) or twice},
        )
    _apply([*others, *new], found)
    return [row for row in others if row.item_id != before[row.pk]]


def _write(moved: Iterable[list[Booking]], new: Sequence[Booking]) -> None:
    """Everything was planned before, so that what is refused costs no write. Raises Conflict (`not_free`) where the plan was wrong."""
    known = [row for row in new if row.pk is not None]
    with transaction.atomic():
        if others := [row for rows in moved for row in rows]:
            Booking.objects.bulk_update(others, ["item"])
        for row in known:
            row.save()
        Booking.objects.bulk_create([row for row in new if row.pk is None])
        _ask_constraint()


def _active(product: Product) -> list[Booking]:
    rows = list(Booking.objects.filter(product=product, is_active=True))
    for row in rows:
        row.product = product  # known, and read for each of them else
    return rows


def _keys_of(product: Product) -> list[int]:
    return list(lendable(product).values_list("pk", flat=True))


def _key(row: Booking) -> Hashable:
    """A booking that is not written yet is told from others by what it is in memory."""
    return row.pk or ("new", id(row))


def claim_of(row: Booking, now: datetime) -> Claim:
    """A booking as the plan sees it. What is out beyond its time blocks its item until it is back: nobody is promised what is overdue."""
    until_at = row.until_at or FOREVER
    if row.piece_id is not None and until_at <= now:
        until_at = FOREVER
    return Claim(_key(row), row.from_at, until_at, row.item_id, row.is_pinned)


def _apply(rows: Iterable[Booking], found: Plan) -> None:
    for row in rows:
        row.item_id = found.placed.get(_key(row))


def check_overlaps() -> None:
    """On PostgreSQL, ask the constraint now and not at the commit. Raises Conflict (`not_free`)."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            _ask_constraint()


def _ask_constraint() -> None:
    """Inside a savepoint, which a refusal ends."""
    if connection.vendor != "postgresql":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS booking_no_overlap IMMEDIATE; SET CONSTRAINTS booking_no_overlap DEFERRED")
    except IntegrityError as error:
        raise Conflict("It was taken by somebody else in this moment. Nothing was written; look what is free now.", code=NOT_FREE) from error  # fmt: skip
