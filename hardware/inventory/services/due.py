"""Due dates: they follow the return of the course, and borrowers are reminded of them. Everything may run twice and at once.

The clock comes here through `lending_sweep`; staff come here to remind by hand. What was sent stands in the history of each loan under a
key that names the due time and the reminder, so that nobody hears the same thing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.notices.services.notifications import notification_send
from hardware.hooks import BorrowerKey, return_dues
from hardware.inventory.due.notices import KIND, reminder_text, to_remind
from hardware.inventory.due.reminding import days_words, reminder_due
from hardware.inventory.ledger import stockroom_locked
from hardware.inventory.lending.borrowers import staff_of
from hardware.inventory.lending.loan_words import at_words, things
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.services.bookings import Replanned, stretch
from hardware.models import RESERVATION_OPEN, Booking, Loan, LoanEvent, LoanPiece, Reservation, Stockroom

NAMESPACE = UUID("6a1f1f0c-8d0e-5f0b-9b60-2f6f0d6f8c11")
CLOCK = "clock"
MOST_AHEAD = timedelta(days=120)
REMINDED = "reminded"


def open_loans() -> "QuerySet[Loan]":
    """With what is still out of each, and whose it is. Two queries."""
    out = LoanPiece.objects.filter(back_at=None).select_related("product", "item")
    found = Loan.objects.filter(closed_at=None).select_related("course", "person", "team", "taken_by", "stockroom")
    return found.order_by("due_at", "pk").prefetch_related(Prefetch("pieces", out, to_attr="still_out"))


# -- the day follows the return


def due_refresh(*, course: Course, now: datetime | None = None) -> int:
    """Give loans and reservations for the term the day that the course's return now has for their borrower. Returns how many moved.

    A course that states no return any more leaves what was agreed. Seven queries when nothing moved.
    """
    now = now or timezone.now()
    loans = Loan.objects.filter(course=course, is_term=True, closed_at=None)
    wanted = Reservation.objects.filter(course=course, is_term=True, status__in=RESERVATION_OPEN)
    rows: list[Loan | Reservation] = [*loans, *wanted]
    dues = return_dues(course, {_key(row) for row in rows}) if rows else {}
    moved = [row for row in rows if dues.get(_key(row), _until(row)) != _until(row)]
    rooms: dict[int, list[Loan | Reservation]] = defaultdict(list)
    for row in moved:
        rooms[row.stockroom_id].append(row)
    return sum(_move_all(room, found, dues, now) for room, found in rooms.items())


def _key(row: Loan | Reservation) -> BorrowerKey:
    return row.person_id, row.team_id


def _until(row: Loan | Reservation) -> datetime | None:
    return row.due_at if isinstance(row, Loan) else row.until_at


@transaction.atomic
def _move_all(room: int, rows: Iterable[Loan | Reservation], dues: dict[BorrowerKey, datetime], now: datetime) -> int:
    stockroom, done = Stockroom.objects.select_for_update().get(pk=room), 0
    lost: list[Booking] = []
    for row in rows:
        row.refresh_from_db()
        found = _move(row, dues[_key(row)], now)
        done += found is not None
        lost += found.lost if found else []
    if lost:
        _tell_lost(stockroom, lost)
    return done


def _move(row: Loan | Reservation, due_at: datetime, now: datetime) -> Replanned | None:
    """None: somebody else was faster, or it is over."""
    if isinstance(row, Reservation):
        if row.status not in RESERVATION_OPEN or row.until_at == due_at or due_at <= row.from_at:
            return None
        Reservation.objects.filter(pk=row.pk).update(until_at=due_at)
        held = Booking.objects.filter(reservation=row, is_active=True)
    else:
        if row.closed_at is not None or row.due_at == due_at:
            return None
        zone, before = row.course.tz, row.due_at
        was = f" instead of {at_words(before, zone)}" if before else ""
        said = f"Due back {at_words(due_at, zone)}{was}: the return of the course is then."
        Loan.objects.filter(pk=row.pk).update(due_at=due_at)
        LoanEvent.objects.create(loan=row, by=CLOCK, what="due_moved", sentence=said)
        held = Booking.objects.filter(piece__loan=row, is_active=True)
    bookings = list(held.select_related("product", "piece"))
    return stretch(bookings, until_at=due_at, now=now) if bookings else Replanned([], [])


def _tell_lost(stockroom: Stockroom, lost: Sequence[Booking]) -> None:
    """To the staff of each course whose reservations have no item left, since another's day of return moved over them."""
    rows = Reservation.objects.filter(bookings__in=lost).select_related("course", "person", "team").distinct()
    for row in rows:
        notification_send(
            course=row.course, people=staff_of(row.course), kind=KIND, key=f"hardware-lost-{row.pk}-{row.until_at:%Y%m%d%H%M}",
            title=f"A reservation of {row.team or row.person} has no item left",
            text="What it was to get comes back later, since a day of return moved. Find another, or tell whoever waits for it.",
            path=f"/courses/{row.course.slug}/hardware/",
        )  # fmt: skip


# -- reminders by the clock


@dataclass(frozen=True)
class _Told:
    """A loan, and the reminder that it is time for. key: of its line in the history."""

    loan: Loan
    name: str
    key: UUID


def reminders_send(*, now: datetime | None = None) -> int:
    """Remind whoever it is time for. Returns how many mails' worth: one for all that a borrower must bring at the same time.

    Two queries where nothing is due within four months, three where everybody was told.
    """
    now = now or timezone.now()
    told = [found for loan in open_loans().filter(due_at__lte=now + MOST_AHEAD) if (found := _time_for(loan, now))]
    done = (
        set(LoanEvent.objects.filter(key__in=[one.key for one in told]).values_list("key", flat=True))
        if told
        else set()
    )
    groups: dict[tuple[object, ...], list[_Told]] = defaultdict(list)
    for one in told:
        if one.key not in done:
            groups[one.loan.course_id, _key(one.loan), one.loan.due_at, one.name].append(one)
    return sum(_remind_group(group, now) for group in groups.values())


def _time_for(loan: Loan, now: datetime) -> _Told | None:
    """None also for what was handed over after the moment: whoever took it a minute ago needs no mail."""
    if loan.due_at is None:
        return None
    reminder = reminder_due(loan.due_at, now, zone=loan.course.tz, days_before=policy_for(loan.course).remind_days)
    if reminder is None or reminder.at < loan.handed_at:
        return None
    return _Told(loan, reminder.name, uuid5(NAMESPACE, f"{loan.pk} {loan.due_at.isoformat()} {reminder.name}"))


@transaction.atomic
def _remind_group(group: Sequence[_Told], now: datetime) -> int:
    """One lock, then look again: another sweep may have been here, or the things came back."""
    Stockroom.objects.select_for_update().get(pk=group[0].loan.stockroom_id)
    keys = set(LoanEvent.objects.filter(key__in=[one.key for one in group]).values_list("key", flat=True))
    still = {loan.pk: loan for loan in open_loans().filter(pk__in=[one.loan.pk for one in group])}
    left = [
        one
        for one in group
        if one.key not in keys and one.loan.pk in still and still[one.loan.pk].due_at == one.loan.due_at
    ]
    if not left:
        return 0
    keyed = {one.loan.pk: one.key for one in left}
    return remind_write([still[pk] for pk in keyed], by=CLOCK, now=now, name=left[0].name, keys=keyed)


def remind_write(
    loans: Sequence[Loan], *, by: str, now: datetime, name: str, keys: dict[int, UUID] | None = None
) -> int:
    """One message about all these loans of one borrower, and a line in the history of each. Inside the lock."""
    first = loans[0]
    due_at, people = first.due_at or now, to_remind(first)
    pieces = [piece for loan in loans for piece in loan.still_out]  # type: ignore[attr-defined]
    if not people:
        return 0
    words = days_words(due_at, now, first.course.tz)
    names = ", ".join(person.name for person in people)
    for loan in loans:
        LoanEvent.objects.create(
            loan=loan,
            by=by[:120],
            what=REMINDED,
            sentence=f"Reminded: {words}. To {names}"[:300],
            key=(keys or {}).get(loan.pk),
        )
    notification_send(
        course=first.course, people=people, kind=KIND,
        key=f"hardware-{name}-{first.pk}-{due_at:%Y%m%d%H%M}", title=f"{words[0].upper()}{words[1:]}: {things(pieces)}",
        text=reminder_text(loans, pieces, now), path=reverse("my_hardware"),
    )  # fmt: skip
    return 1


# -- reminders by hand


def remind(*, visit: Visit, loan: int, now: datetime | None = None) -> int:
    """Remind one borrower of one loan now. Raises NotHere; Conflict: `nothing_out`, `no_due_time`, `reminded_today`."""
    found = Loan.objects.filter(course=visit.course, pk=loan).first()
    if found is None:
        raise NotHere("There is no such loan in this course.")
    if found.closed_at is not None:
        raise Conflict("All of it is back, so there is nothing to remind of.", code="nothing_out")
    if found.due_at is None:
        raise Conflict("No day was agreed for this loan, so there is nothing to remind of. Give it a day first.", code="no_due_time")  # fmt: skip
    if not _remind_by_hand(visit, [found.pk], now or timezone.now()):
        raise Conflict("They were reminded today already. Once a day is enough.", code="reminded_today")
    return 1


def remind_all(*, visit: Visit, loans: Iterable[int], now: datetime | None = None) -> int:
    """Remind whoever has any of these loans and was not reminded today. Returns how many borrowers. Raises NotHere (`no_stockroom`)."""
    return _remind_by_hand(visit, loans, now or timezone.now())


@transaction.atomic
def _remind_by_hand(visit: Visit, loans: Iterable[int], now: datetime) -> int:
    stockroom_locked(visit)
    midnight = now.astimezone(visit.course.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    today = LoanEvent.objects.filter(loan__course=visit.course, what=REMINDED, at__gte=midnight).values("loan")
    rows = open_loans().filter(course=visit.course, pk__in=list(loans)).exclude(due_at=None).exclude(pk__in=today)
    groups: dict[tuple[object, ...], list[Loan]] = defaultdict(list)
    for row in rows:
        groups[_key(row), row.due_at].append(row)
    name = f"by-hand-{midnight:%Y%m%d}"
    return sum(remind_write(group, by=visit.by, now=now, name=name) for group in groups.values())
