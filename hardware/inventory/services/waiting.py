"""The waiting list, and what time does to reservations: nobody came, nothing became free, whoever asked is gone.

The list is served in the order in which people joined it, whenever something frees. Who comes later passes who came first only where the
first cannot be served with what there is.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.core.states import move
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.teams.models import TeamStatus
from hardware.inventory.lending.eligibility import Borrower, overdue_of
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.lending.reservation_notices import tell_borrower, tell_staff
from hardware.inventory.lending.time_ranges import days_later
from hardware.inventory.lending.wishes import free_of, products_of, wants_of
from hardware.inventory.selectors.availability import free_stock
from hardware.inventory.services.bookings import NOT_FREE, Replanned, any_instead, book, hopeless, release, replan
from hardware.models import (
    HOLDS,
    RESERVATION_MOVES,
    RESERVATION_OPEN,
    Booking,
    LoanPiece,
    Product,
    Reservation,
    ReservationMove,
    ReservationStatus,
    Stockroom,
)

Status = ReservationStatus
CLOCK = "clock"
NAMES = ("stockroom", "course", "person", "team", "product", "item", "kit")


def waiting_serve(
    stockroom: Stockroom, products: Iterable[Product], *, now: datetime | None = None
) -> list[Reservation]:
    """Something of these products may have become free: who lost their item gets one first, then who waits, in order.

    Inside the lock of the stockroom. Returns who was served from the list. Two queries where nobody waits.
    """
    now, freed = now or timezone.now(), set(products)
    if not freed:
        return []
    lost = Booking.objects.filter(product__in=freed, is_active=True, item=None).values_list("product", flat=True)
    if without := set(lost):
        promises_tell(replan([one for one in freed if one.pk in without], now=now), now)
    waiting = Reservation.objects.filter(stockroom=stockroom, status=Status.WAITING, until_at__gt=now)
    rows = waiting.select_related(*NAMES).prefetch_related("kit__slots__item__product", "kit__slots__product")
    wanting = [row for row in rows.order_by("queued_at", "pk") if freed & products_of([row])]
    served: list[Reservation] = []
    stock = None
    for row in wanting:
        stock = stock or free_stock(stockroom, now=now, products=products_of(wanting))
        times, count = free_of(stock, row)
        from_at = max(row.from_at, now)
        if times.least(from_at, row.until_at) >= count and not _is_held_back(row, now) and _serve(row, from_at, now):
            served.append(row)
            stock = None
    return served


def _is_held_back(row: Reservation, now: datetime) -> bool:
    """Who is gone, and who has something overdue where that holds, is passed over and keeps the place."""
    if _is_gone(row):
        return True
    return policy_for(row.course).hold_overdue and overdue_of(Borrower.of(row), now).exists()


def _serve(row: Reservation, from_at: datetime, now: datetime) -> bool:
    try:
        book(row.stockroom, wants_of(row, from_at, row.until_at), now=now, reservation=row)
    except Conflict as error:
        if error.code != NOT_FREE:
            raise
        return False  # it is free in number only: one certain item stands in the way
    by_staff = Enrolment.objects.filter(course=row.course, person=row.made_by_id, role__in=STAFF, is_active=True)
    is_approved = policy_for(row.course).approve == "automatic" or by_staff.exists()
    to = Status.APPROVED if is_approved else Status.ASKED
    move(row, moves=RESERVATION_MOVES, to=to, by=CLOCK, why="something became free", history=ReservationMove, from_at=from_at)  # fmt: skip
    tell_borrower(row, "served_approved" if is_approved else "served", now=now)
    if not is_approved:
        tell_staff(row, "served", now=now)
    return True


def promises_tell(found: Replanned, now: datetime) -> None:
    """Who has no item any more, and who has one again."""
    for row in _holding({one.reservation_id for one in found.lost}):
        tell_borrower(row, "lost", now=now)
        tell_staff(row, "lost", now=now)
    for row in _holding({one.reservation_id for one in found.served}):
        tell_borrower(row, "again", now=now)


def _holding(keys: set[int | None]) -> list[Reservation]:
    known = [key for key in keys if key is not None]
    return list(Reservation.objects.filter(pk__in=known, status__in=HOLDS).select_related(*NAMES)) if known else []


def no_shows_release(*, now: datetime | None = None) -> int:
    """What was not picked up in time is given to others; what the staff did not answer in time is cancelled. Returns how many."""
    now = now or timezone.now()
    begun = Reservation.objects.filter(status__in=HOLDS, from_at__lt=now)
    late = [row for row in begun.select_related("course") if pick_up_ends(row) <= now]
    return _each(late, _release_late, now)


def pick_up_ends(row: Reservation) -> datetime:
    """Until when it is held: so many days after it began, counted on the wall of the course, and not beyond its end."""
    return min(days_later(row.course.tz, row.from_at, policy_for(row.course).pickup_days), row.until_at)


def _release_late(row: Reservation, now: datetime) -> bool:
    if row.status not in HOLDS or pick_up_ends(row) > now:
        return False
    if row.loans.exists():
        _close(row, Status.HANDED_OVER, "the rest was not picked up", now)
    elif row.status == Status.ASKED:
        _close(row, Status.CANCELLED, "the staff did not answer in time", now)
        tell_borrower(row, "unanswered", now=now)
    else:
        _close(row, Status.NO_SHOW, "not picked up", now)
        tell_borrower(row, "no_show", now=now)
    return True


def waits_end(*, now: datetime | None = None) -> int:
    """Nothing became free before the time that was wanted was over. Returns how many."""
    now = now or timezone.now()
    over = Reservation.objects.filter(status=Status.WAITING, until_at__lte=now)
    return _each(list(over), _end_wait, now)


def waits_begun(now: datetime) -> "QuerySet[Reservation]":
    """What waits into the time that was wanted: less of it is left with every hour, so what stood in the way may be over."""
    return Reservation.objects.filter(status=Status.WAITING, from_at__lt=now, until_at__gt=now)


def _end_wait(row: Reservation, now: datetime) -> bool:
    if row.status != Status.WAITING or row.until_at > now:
        return False
    _close(row, Status.CANCELLED, "nothing became free in time", now)
    tell_borrower(row, "in_vain", now=now)
    return True


def _is_gone(row: Reservation) -> str:
    """Why whoever it is for cannot have it any more; "" for nothing."""
    if row.team is not None:
        return f"team {row.team.name} is dissolved" if row.team.status == TeamStatus.DISSOLVED else ""
    here = Enrolment.objects.filter(course=row.course_id, person=row.person_id, is_active=True)
    return "" if here.exists() else f"{row.person} left the course"


def gone_release(*, now: datetime | None = None) -> int:
    """Reservations of dissolved teams and of people who left the course. Returns how many."""
    now = now or timezone.now()
    wanted = Reservation.objects.filter(status__in=RESERVATION_OPEN)
    staying = Enrolment.objects.filter(is_active=True).values("course", "person")
    gone = wanted.filter(Q(team__status=TeamStatus.DISSOLVED) | Q(person__isnull=False))
    here = set(staying.filter(course__in=gone.values("course")).values_list("course", "person"))
    rows = [row for row in gone if row.person_id is None or (row.course_id, row.person_id) not in here]
    return _each(rows, _release_gone, now)


def _release_gone(row: Reservation, now: datetime) -> bool:
    why = _is_gone(row) if row.status in RESERVATION_OPEN else ""
    if not why:
        return False
    _close(row, Status.CANCELLED, why, now)
    tell_staff(row, "gone", now=now, said=why)
    return True


def promises_check(*, now: datetime | None = None) -> int:
    """What came not back in time is missing to who is next: they are planned onto another item, or told. Returns how many lost theirs."""
    now = now or timezone.now()
    late = LoanPiece.objects.filter(back_at=None, item__isnull=False, loan__due_at__lt=now)
    concerned = Q(pk__in=late.values("product")) | Q(pk__in=hopeless(now).values("product"))
    products = list(Product.objects.filter(concerned).select_related("stockroom"))
    lost = 0
    for product in products:
        with transaction.atomic():
            Stockroom.objects.select_for_update().get(pk=product.stockroom_id)
            _others_tell(*any_instead(product, now=now))
            found = replan([product], now=now)
            promises_tell(found, now)
            lost += len(found.lost)
    return lost


def _others_tell(moved: Iterable[Booking], stuck: Iterable[Booking]) -> None:
    """A day before it is picked up at the latest. The instant in the key is the beginning, so that each hears it once and not each minute."""
    for row in _holding({one.reservation_id for one in moved}):
        tell_borrower(row, "other", now=row.from_at)
        tell_staff(row, "other", now=row.from_at)
    for row in _holding({one.reservation_id for one in stuck}):
        tell_borrower(row, "late", now=row.from_at)
        tell_staff(row, "late", now=row.from_at)


def _close(row: Reservation, to: str, why: str, now: datetime) -> None:
    held = products_of([row])
    move(row, moves=RESERVATION_MOVES, to=to, by=CLOCK, why=why, history=ReservationMove)
    release(row.bookings.filter(is_active=True), now=now)
    waiting_serve(row.stockroom, held, now=now)


def _each(rows: Iterable[Reservation], act: Callable[[Reservation, datetime], bool], now: datetime) -> int:
    """One transaction each, inside the lock; `act` looks again, for somebody may have been faster."""
    done = 0
    for row in rows:
        with transaction.atomic():
            Stockroom.objects.select_for_update().get(pk=row.stockroom_id)
            done += act(Reservation.objects.select_related(*NAMES).get(pk=row.pk), now)
    return done


def reservations_sweep(*, now: datetime | None = None) -> dict[str, int]:
    """Everything that time and leaving do to reservations. May run twice and at once; four queries when there is nothing to do."""
    now = now or timezone.now()
    return {
        "gone": gone_release(now=now), "in_vain": waits_end(now=now), "no_shows": no_shows_release(now=now), "lost": promises_check(now=now),
    }  # fmt: skip
