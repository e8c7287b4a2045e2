"""Damage cases: the list, one of them with all that happened in it, and those of an item."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Membership
from hardware.inventory.access import stockroom_for
from hardware.inventory.care_access import piece_held
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.selectors.refusals import Act, offered, refused, why_not
from hardware.inventory.services.cases import check_move
from hardware.inventory.services.circulation import check_not_out
from hardware.inventory.serving import piece_out
from hardware.models import (
    CASE_MOVES,
    CASE_OPEN,
    CasePhoto,
    CaseStatus,
    Condition,
    DamageCase,
    Item,
    Loan,
    Stockroom,
)

A_PAGE = 50
OF_CASE = ("item__product", "piece__loan__person", "piece__loan__team", "piece__loan__course")
CASE_BADGES = {
    CaseStatus.OPEN: Badge("bad", "octagon", "open"),
    CaseStatus.IN_REPAIR: Badge("warn", "triangle", "in repair"),
    CaseStatus.MENDED: Badge("good", "check", "mended"),
    CaseStatus.NO_FAULT: Badge("neutral", "check", "nothing wrong"),
    CaseStatus.WRITTEN_OFF: Badge("neutral", "lock", "written off"),
}
MOVE_WORDS = {
    CaseStatus.OPEN: "Open it again",
    CaseStatus.IN_REPAIR: "Send to repair",
    CaseStatus.MENDED: "Mended",
    CaseStatus.NO_FAULT: "Nothing wrong",
    CaseStatus.WRITTEN_OFF: "Write it off",
}
NEEDS_IT_HERE = frozenset({CaseStatus.IN_REPAIR, CaseStatus.WRITTEN_OFF})
BACK = frozenset({CaseStatus.MENDED, CaseStatus.NO_FAULT})
STATES = (("", "open and in repair"), *((one.value, one.label.lower()) for one in CaseStatus), ("all", "all"))


@dataclass(frozen=True)
class CaseFilter:
    """text: in the tag, the product or what was reported. state: "" is all that is not closed, "all" is all."""

    text: str = ""
    state: str = ""

    @classmethod
    def of(cls, found: Mapping[str, str]) -> "CaseFilter":
        state = found.get("state", "")
        return cls(found.get("q", "").replace("\x00", "").strip()[:80], state if state in dict(STATES) else "")


@dataclass(frozen=True)
class Entry:
    """One line of what happened in a case. badge: of a move; photo: where one was added."""

    at: datetime
    by: str
    words: str = ""
    badge: Badge | None = None
    photo: CasePhoto | None = None


def cases_of(stockroom: Stockroom, chosen: CaseFilter) -> QuerySet[DamageCase]:
    found = DamageCase.objects.filter(item__stockroom=stockroom).select_related(*OF_CASE)
    if chosen.text:
        text = chosen.text
        found = found.filter(Q(item__tag__icontains=text) | Q(item__product__name__icontains=text) | Q(what__icontains=text))  # fmt: skip
    if chosen.state == "":
        return found.filter(status__in=CASE_OPEN)
    return found if chosen.state == "all" else found.filter(status=chosen.state)


def cases_seen(visit: Visit, chosen: CaseFilter) -> QuerySet[DamageCase]:
    """Those of the stock for the staff; for others those of what they, or the team they are in, have on loan now."""
    found = cases_of(stockroom_for(visit), chosen)
    if visit.is_staff:
        return found
    teams = Membership.objects.at(timezone.now()).filter(person=visit.person, course=visit.course).values("team")
    theirs = Q(piece__loan__person=visit.person) | Q(piece__loan__team__in=teams)
    return found.filter(theirs, piece__back_at=None, piece__loan__course=visit.course)


def cases_page(stockroom: Stockroom, chosen: CaseFilter, page: str) -> dict[str, Any]:
    """What is not closed stands first, then the newest. Three queries."""
    rows = cases_of(stockroom, chosen).order_by(F("closed_at").desc(nulls_first=True), "-opened_at", "-pk")
    found = Paginator(rows, A_PAGE).get_page(page)
    return {
        "page": found, "chosen": chosen, "rows": [_row(case) for case in found], "headline": headline(stockroom),
        "states": [{"value": value, "label": label, "chosen": value == chosen.state} for value, label in STATES],
    }  # fmt: skip


def _row(case: DamageCase) -> dict[str, Any]:
    return {"case": case, "item": case.item, "badge": CASE_BADGES[CaseStatus(case.status)], "with": _holder(case)}


def _holder(case: DamageCase) -> str:
    return Borrower.of(case.piece.loan).words if case.piece else ""


def headline(stockroom: Stockroom) -> str:
    """2 cases wait for a look; 1 item is in repair."""
    counts = DamageCase.objects.filter(item__stockroom=stockroom).aggregate(
        open=Count("pk", filter=Q(status=CaseStatus.OPEN)), repair=Count("pk", filter=Q(status=CaseStatus.IN_REPAIR))
    )
    waiting, repair = counts["open"], counts["repair"]
    said = []
    if waiting:
        said.append(f"{waiting} case{'' if waiting == 1 else 's'} wait{'s' if waiting == 1 else ''} for a look")
    if repair:
        said.append(f"{repair} item{' is' if repair == 1 else 's are'} in repair")
    return "; ".join(said) or "Nothing is broken"


def open_case_of(items: Iterable[Item]) -> dict[int, DamageCase]:
    """Item's key -> its open case. One query."""
    return {one.item_id: one for one in DamageCase.objects.filter(item__in=items, status__in=CASE_OPEN)}


def cases_named(visit: Visit, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of these cases, as far as they are of the stock of this course. No query where none is named."""
    found = DamageCase.objects.filter(pk__in=keys, item__stockroom__courses__course=visit.course) if keys else ()
    return [_row(case) for case in (found.select_related(*OF_CASE) if found else ())]


def case_page(visit: Visit, case: DamageCase) -> dict[str, Any]:
    status = CaseStatus(case.status)
    out = piece_out(case.item)
    moves = [to for to in CaseStatus if to in CASE_MOVES.get(status, frozenset())]
    if status == CaseStatus.IN_REPAIR or (status == CaseStatus.OPEN and out is None):
        first = CaseStatus.MENDED if status == CaseStatus.IN_REPAIR else CaseStatus.IN_REPAIR
        moves.sort(key=lambda to: to != first)
    gone = why_not(check_not_out, case.item, visit) if out else ""
    again = why_not(check_move, visit, case, CaseStatus.OPEN) if CaseStatus.OPEN in moves else ""
    why = {CaseStatus.OPEN: again} | dict.fromkeys(NEEDS_IT_HERE, gone)
    acts = [Act(to.value, MOVE_WORDS[to], why.get(to, "")) for to in moves]
    return {
        **_row(case), "entries": entries(case), "is_open": status in CASE_OPEN,
        "moves": offered(acts), "refused": refused(acts), "first": moves[0].value if moves else "",
        "conditions": [{"value": one.value, "label": one.label.lower(), "chosen": one == Condition.GOOD} for one in Condition],
        "asks_condition": bool(BACK & set(moves)), "has_moves": bool(moves),
    }  # fmt: skip


def entries(case: DamageCase) -> list[Entry]:
    """All that happened, the newest first: three queries."""
    found = [Entry(case.opened_at, case.opened_by, case.what, CASE_BADGES[CaseStatus.OPEN])]
    found += [Entry(one.at, one.by, one.why, CASE_BADGES[CaseStatus(one.moved_to)]) for one in case.moves.all()]
    found += [Entry(one.at, one.by, one.sentence) for one in case.events.all()]
    found += [Entry(one.at, one.by, photo=one) for one in case.photos.all()]
    return sorted(found, key=lambda one: one.at, reverse=True)


def item_cases(visit: Visit, item: Item) -> dict[str, Any]:
    """For the page of an item: to the staff all of its cases, to who has it on loan what they reported; others see none."""
    if visit.is_staff:
        rows = [_row(case) for case in item.cases.select_related(*OF_CASE)]
        is_open = any(row["case"].status in CASE_OPEN for row in rows)
        return {"cases": rows, "has_open_case": is_open, "may_report": item.status != Item.Status.RETIRED}
    piece = piece_held(visit, item)
    if piece is None:
        return {}
    return {"held": piece, "cases": with_photos(piece.cases.all()), "may_report": True}


def loan_cases(loan: Loan) -> list[dict[str, Any]]:
    """What broke during this loan, for the staff and for who had it. Two queries."""
    return with_photos(DamageCase.objects.filter(piece__loan=loan))


def with_photos(found: QuerySet[DamageCase]) -> list[dict[str, Any]]:
    rows = found.select_related(*OF_CASE).prefetch_related("photos")
    return [_row(case) | {"photos": list(case.photos.all())} for case in rows]
