"""Loans as lists and as pages: what is out, with whom, until when; one loan with its pieces, photos and history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.core.errors import Conflict
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from hardware.hooks import return_day
from hardware.inventory.access import is_borrower
from hardware.inventory.lending.loan_words import due_badge, holder_words, piece_name
from hardware.inventory.selectors.cases import loan_cases
from hardware.inventory.selectors.stock import CONDITIONS
from hardware.inventory.services.loans import may_undo
from hardware.inventory.services.renewing import own_day
from hardware.models import Loan, LoanPiece
from hardware.models.lending import LoanQuerySet

A_PAGE, MOST_NAMED = 50, 8
STATES = {"out": "out", "overdue": "overdue", "unconfirmed": "not confirmed", "closed": "all back", "all": "all"}
ENDS = {
    LoanPiece.End.RETURNED: Badge("good", "check", "back"),
    LoanPiece.End.LOST: Badge("bad", "octagon", "lost"),
    LoanPiece.End.KEPT: Badge("neutral", "dot", "used up"),
}

PHOTOS = {"out": "When it went out", "back": "When it came back"}


@dataclass(frozen=True)
class LoanFilter:
    """text: in a tag, a product, a name, an address or a team. state: one of STATES."""

    text: str = ""
    state: str = "out"

    @classmethod
    def of(cls, found: Mapping[str, str]) -> "LoanFilter":
        state = found.get("state", "")
        return cls(found.get("q", "").replace("\x00", "").strip()[:80], state if state in STATES else "out")


def loans_of(visit: Visit, chosen: LoanFilter, now: datetime) -> LoanQuerySet:
    found = Loan.objects.visible_to(visit)
    if chosen.state == "overdue":
        found = found.overdue(now)
    elif chosen.state in ("out", "unconfirmed"):
        found = found.open()
    elif chosen.state == "closed":
        found = found.exclude(closed_at=None)
    if chosen.state == "unconfirmed":
        found = found.filter(accepted_at=None)
    if chosen.text:
        text = chosen.text
        pieces = LoanPiece.objects.filter(
            Q(item__tag__icontains=text) | Q(product__name__icontains=text) | Q(kit__tag__icontains=text)
        )
        found = found.filter(
            Q(person__name__icontains=text) | Q(person__email__icontains=text) | Q(team__name__icontains=text) | Q(pk__in=pieces.values("loan"))
        )  # fmt: skip
    return with_pieces(found)


def with_pieces(found: LoanQuerySet) -> LoanQuerySet:
    pieces = LoanPiece.objects.select_related("item", "product", "kit")
    return found.select_related("course", "person", "team", "taken_by").prefetch_related(Prefetch("pieces", pieces))


def loans_page(visit: Visit, chosen: LoanFilter, page: str, now: datetime) -> dict[str, Any]:
    found = loans_of(visit, chosen, now)
    order = (
        found.order_by("due_at", "team__name", "person__name", "pk") if chosen.state in ("out", "overdue") else found
    )
    paged = Paginator(order, A_PAGE).get_page(page)
    loans = list(paged)
    left = left_words(loans)
    return {
        "page": paged, "chosen": chosen, "total": paged.paginator.count,
        "groups": grouped([loan_row(loan, left.get(loan.pk, ""), now) for loan in loans]),
        "states": [{"value": value, "label": label, "chosen": value == chosen.state} for value, label in STATES.items()],
    }  # fmt: skip


def grouped(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one borrower brings back on the same day stands together: its rows, and how many pieces of how many are back."""
    found: list[dict[str, Any]] = []
    for row in rows:
        loan = row["loan"]
        due_on = timezone.localdate(loan.due_at) if loan.due_at else None
        key = (loan.person_id, loan.team_id, due_on, loan.closed_at)
        if not found or found[-1]["key"] != key:
            found.append({"key": key, "rows": []})
        found[-1]["rows"].append(row)
    for group in found:
        group["total"], group["back"] = (sum(row[name] for row in group["rows"]) for name in ("total", "back"))
    return found


def loan_row(loan: Loan, left: str, now: datetime) -> dict[str, Any]:
    pieces = list(loan.pieces.all())
    out = [one for one in pieces if one.back_at is None]
    return {
        "loan": loan, "who": holder_words(loan), "left": left, "badge": due_badge(loan, now, with_day=True),
        "total": len(pieces), "back": len(pieces) - len(out),
        "things": [{"name": piece_name(one), "product": one.product.name if one.item else ""} for one in (out or pieces)[:MOST_NAMED]],
        "more": max(len(out or pieces) - MOST_NAMED, 0),
    }  # fmt: skip


def left_words(loans: Sequence[Loan]) -> dict[int, str]:
    """Key of a loan -> "left the course Oct 27", for borrowers who are not in the course any more. One query."""
    people = {loan.person_id for loan in loans if loan.person_id}
    rows = Enrolment.objects.filter(course__in={loan.course_id for loan in loans}, person__in=people, is_active=False)
    left = {(row.course_id, row.person_id): row.left_at for row in rows}
    found = {}
    for loan in loans:
        key = (loan.course_id, loan.person_id)
        if loan.person_id and key in left:
            day = left[key]
            found[loan.pk] = f"left the course {day.astimezone(loan.course.tz):%b %-d}" if day else "left the course"
    return found


def late_words(loan: Loan) -> str:
    """What late days mean for a loan for the term, in a sentence of the course."""
    day = return_day(loan.course, loan.person, loan.team) if loan.is_term and loan.closed_at is None else None
    return day.late_words if day else ""


def piece_rows(pieces: Iterable[LoanPiece], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "piece": one, "name": piece_name(one), "is_out": one.back_at is None, "rest": one.count - (one.count_back or 0),
            "end": ENDS[LoanPiece.End(one.ended_as)] if one.ended_as else None,
            "out": CONDITIONS.get(one.condition_out), "back": CONDITIONS.get(one.condition_back),  # type: ignore[call-overload]
        }
        for one in pieces
    ]  # fmt: skip


def loan_page(visit: Visit, loan: Loan, now: datetime) -> dict[str, Any]:
    """`loan` as `loan_for` gives it: nine queries, however many pieces."""
    pieces = list(loan.pieces.select_related("item", "product", "kit"))
    photos = list(loan.photos.all())
    mine = is_borrower(loan, visit.person, now)
    return {
        "loan": loan, "who": holder_words(loan), "left": left_words([loan]).get(loan.pk, ""), "badge": due_badge(loan, now, with_day=True),
        "late": late_words(loan),
        "rows": piece_rows(pieces, now), "out": [piece_name(one) for one in pieces if one.back_at is None],
        "back": sum(one.back_at is not None for one in pieces), "total": len(pieces),
        "photos": [{"way": way, "title": title, "rows": [one for one in photos if one.way == way]} for way, title in PHOTOS.items()],
        "events": list(loan.events.all()[:100]), "is_mine": mine, "asks": mine and loan.accepted_at is None and loan.closed_at is None,
        "may_undo": may_undo(visit, loan, now),
        "cases": loan_cases(loan), "renewal": _renewal(visit, loan, now) if mine and not visit.is_staff else None,
        "scan_tag": next((one.item.tag for one in pieces if one.item and one.back_at is None), ""),
    }  # fmt: skip


def _renewal(visit: Visit, loan: Loan, now: datetime) -> dict[str, Any] | None:
    """Until when the borrower may renew it, or why not; None where that is of no concern: it is back, for the term, or has no day."""
    if loan.closed_at is not None or loan.is_term or loan.due_at is None:
        return None
    try:
        return {"until": own_day(visit, loan, now)}
    except Conflict as error:
        return {"why": error.message}


def loans_csv(visit: Visit, chosen: LoanFilter, now: datetime) -> HttpResponse:
    """A line for each piece; times in UTC."""
    columns = ("loan", "borrower", "email", "left", "taken_by", "handed_at", "due_at", "for_the_term", "tag", "product", "count", "kit", "condition_out",
               "back_at", "condition_back", "ended_as", "count_back", "confirmed_at", "handed_by", "note")  # fmt: skip
    loans = list(loans_of(visit, chosen, now).order_by("handed_at", "pk"))
    left = left_words(loans)
    rows = (_csv_row(loan, one, left.get(loan.pk, "")) for loan in loans for one in loan.pieces.all())
    return csv_response("loans.csv", columns, rows)


def _csv_row(loan: Loan, one: LoanPiece, left: str) -> list[object]:
    return [
        loan.pk, holder_words(loan), loan.person.email if loan.person else "", left, loan.taken_by or "", _utc(loan.handed_at), _utc(loan.due_at),
        "yes" if loan.is_term else "no", one.item.tag if one.item else "", one.product.name, one.count, one.kit or "", one.condition_out,
        _utc(one.back_at), one.condition_back, one.ended_as, "" if one.count_back is None else one.count_back, _utc(loan.accepted_at),
        loan.handed_by, loan.note,
    ]  # fmt: skip


def _utc(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""
