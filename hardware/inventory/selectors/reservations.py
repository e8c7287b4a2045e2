"""Reservations as those see them who asked, and as the staff answer them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Membership
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.lending.wishes import thing_words
from hardware.inventory.services.waiting import pick_up_ends
from hardware.models import (
    HOLDS,
    RESERVATION_OPEN,
    Booking,
    Loan,
    LoanPiece,
    Reservation,
    ReservationStatus,
    Stockroom,
)

Status = ReservationStatus
BADGES = {
    Status.WAITING: Badge("warn", "clock", "on the waiting list"),
    Status.ASKED: Badge("neutral", "clock", "waits for an answer"),
    Status.APPROVED: Badge("good", "check", "approved"),
    Status.HANDED_OVER: Badge("neutral", "check", "handed over"),
    Status.DECLINED: Badge("bad", "octagon", "declined"),
    Status.CANCELLED: Badge("neutral", "close", "cancelled"),
    Status.NO_SHOW: Badge("neutral", "triangle", "not picked up"),
}
MOST = 200  # rows of a list
LATELY = timedelta(days=60)


def badge_of(row: Reservation, now: datetime) -> Badge:
    """`at the desk` from the day on which it may be fetched, as on the pick list."""
    if row.status == Status.APPROVED and row.from_at < tonight(row.course.tz, now):
        return Badge("good", "check", "at the desk")
    return BADGES[Status(row.status)]


def tonight(zone: ZoneInfo, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), tzinfo=zone)


def reservations_of(visit: Visit) -> "QuerySet[Reservation]":
    """Staff see every one of the course; others their own, and those of the team they are in now."""
    rows = Reservation.objects.filter(course=visit.course)
    rows = rows.select_related("stockroom", "course", "person", "team__course", "made_by", "product", "item", "kit")
    if visit.is_staff:
        return rows
    mine = Membership.objects.at(timezone.now()).filter(course=visit.course, person=visit.person)
    return rows.filter(Q(person=visit.person) | Q(team__in=mine.values("team")))


def reservation_for(visit: Visit, pk: int) -> Reservation:
    """Raises NotHere."""
    found = reservations_of(visit).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such reservation, or it is not yours.")
    return found


def my_requests(visit: Visit, now: datetime) -> dict[str, Any]:
    """What this person and their team asked for: what is open, and what has ended lately. Five queries."""
    lately = Q(status__in=RESERVATION_OPEN) | Q(made_at__gt=now - LATELY)
    theirs = reservations_of(visit).filter(lately).order_by("from_at", "pk")
    found = list(theirs[:MOST]) if not visit.is_staff else list(theirs.filter(person=visit.person)[:MOST])
    rows = reservation_rows(found, now)
    return {
        "open": [row for row in rows if row["is_open"]],
        "ended": [row for row in reversed(rows) if not row["is_open"]],
    }


def reservation_rows(found: Sequence[Reservation], now: datetime) -> list[dict[str, Any]]:
    """With their badge, what they are for, their place on the list and whether something is missing for them. Two queries."""
    places = places_of({row.stockroom for row in found if row.status == Status.WAITING})
    held = [row.pk for row in found if row.status in HOLDS]
    lost = Counter(
        Booking.objects.filter(reservation__in=held, is_active=True, item=None).values_list("reservation", flat=True)
    )
    return [
        {"row": row, "thing": thing_words(row), "badge": badge_of(row, now), "borrower": Borrower.of(row), "place": places.get(row.pk),
         "lost": lost[row.pk], "is_open": row.status in RESERVATION_OPEN, "held_until": pick_up_ends(row) if row.status in HOLDS else None}
        for row in found
    ]  # fmt: skip


def places_of(stockrooms: Iterable[Stockroom]) -> dict[int, int]:
    """Reservation -> how many-th it is of those that wait for the same product or kit. One query."""
    waiting = Reservation.objects.filter(stockroom__in=list(stockrooms), status=Status.WAITING)
    ahead: Counter[tuple[int | None, int | None]] = Counter()
    places = {}
    for pk, product, kit in waiting.order_by("queued_at", "pk").values_list("pk", "product", "kit"):
        ahead[product, kit] += 1
        places[pk] = ahead[product, kit]
    return places


def staff_requests(visit: Visit, now: datetime) -> dict[str, Any]:
    """What waits for an answer, for somebody to come, and for something to become free. Eight queries for any number of them."""
    found = list(reservations_of(visit).filter(status__in=RESERVATION_OPEN).order_by("from_at", "pk")[:MOST])
    rows = reservation_rows(found, now)
    facts = borrower_facts(visit, found, now)
    for row in rows:
        row["facts"] = facts[row["row"].person_id, row["row"].team_id]
    ends = tonight(visit.course.tz, now)
    approved = [row for row in rows if row["row"].status == Status.APPROVED]
    return {
        "asked": sorted((row for row in rows if row["row"].status == Status.ASKED), key=lambda row: row["row"].made_at),
        "today": [row for row in approved if row["row"].from_at < ends],
        "later": [row for row in approved if row["row"].from_at >= ends],
        "lists": _lists([row for row in rows if row["row"].status == Status.WAITING]),
        "is_cut": len(found) == MOST,
    }


def _lists(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By what they wait for, each in the order in which it is served."""
    lists: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["row"].queued_at, row["row"].pk)):
        lists[row["row"].product.name if row["row"].product else row["thing"]].append(row)
    return [{"title": title, "rows": found} for title, found in sorted(lists.items())]


def borrower_facts(
    visit: Visit, found: Iterable[Reservation], now: datetime
) -> dict[tuple[int | None, int | None], dict[str, int]]:
    """Borrower, by the keys of person and team -> {out, overdue, open}: pieces that are out, overdue ones, open requests. Three queries."""
    asked = Counter((row.person_id, row.team_id) for row in found)
    people, teams = {person for person, _ in asked if person}, {team for _, team in asked if team}
    pieces = LoanPiece.objects.filter(back_at=None, loan__course=visit.course)
    pieces = pieces.filter(Q(loan__person__in=people) | Q(loan__team__in=teams))
    out: Counter[tuple[int | None, int | None]] = Counter()
    for person, team, number in pieces.order_by().values_list("loan__person", "loan__team").annotate(n=Sum("count")):
        out[person, team] = number
    loans = Loan.objects.filter(course=visit.course, closed_at=None, due_at__lt=now)
    late: Counter[tuple[int | None, int | None]] = Counter()
    late.update(loans.filter(Q(person__in=people) | Q(team__in=teams)).values_list("person", "team"))
    return {key: {"out": out[key], "overdue": late[key], "open": number} for key, number in asked.items()}


def reservation_page(visit: Visit, row: Reservation) -> dict[str, Any]:
    """One of them, with what happened to it."""
    moves = [
        {
            "at": one.at,
            "what": BADGES[Status(one.moved_to)].word,
            "by": one.by if visit.is_staff else "",
            "why": one.why,
        }
        for one in row.moves.all()
    ]
    found = reservation_rows([row], timezone.now())[0]
    return found | {
        "made_by": row.made_by, "moves": moves, "may_change": found["is_open"], "is_mine": not visit.is_staff,
        "facts": borrower_facts(visit, [row], timezone.now())[row.person_id, row.team_id] if visit.is_staff else None,
    }  # fmt: skip
