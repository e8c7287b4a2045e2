"""The list of kits, one kit, and all of them as a file."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from hardware.inventory.access import stockroom_for
from hardware.inventory.kits.contents import KitState, kit_pieces, kit_slots, kit_state, kit_states
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.selectors.free_page import free_words
from hardware.inventory.selectors.refusals import why_not
from hardware.inventory.services.kits import check_may_retire
from hardware.models import Kit, LoanPiece

A_PAGE = 100
HISTORY_SHOWN = 60
SLOTS = ("slots__item__product", "slots__product__stockroom")
COLUMNS = ("kit", "name", "note", "state", "tag", "product", "count")


def badge_of(kit: Kit, state: KitState) -> Badge:
    if kit.is_retired:
        return Badge("neutral", "lock", "retired")
    if state.missing:
        return Badge("warn", "triangle", "not whole")
    return Badge("neutral", "dot", "out") if state.out else Badge("good", "check", "whole")


def kits_page(visit: Visit, asked: Mapping[str, str]) -> dict[str, Any]:
    stockroom, with_retired = stockroom_for(visit), asked.get("show") == "all"
    kits = Kit.objects.filter(stockroom=stockroom).prefetch_related(*SLOTS)
    page = Paginator(kits if with_retired else kits.filter(is_retired=False), A_PAGE).get_page(asked.get("page", ""))
    states = kit_states(list(page))
    return {
        "stockroom": stockroom, "page": page, "total": page.paginator.count, "with_retired": with_retired,
        "has_retired": kits.filter(is_retired=True).exists(), "may_edit": visit.role == Role.INSTRUCTOR,
        "rows": [_row(kit, states[kit.pk]) for kit in page],
    }  # fmt: skip


def _row(kit: Kit, state: KitState) -> dict[str, Any]:
    words = "" if state.is_whole else state.words
    return {"kit": kit, "badge": badge_of(kit, state), "pieces": len(kit_pieces(kit)), "words": words}


def kit_page(visit: Visit, kit: Kit) -> dict[str, Any]:
    """What members may know of a kit, what it consists of; the staff also where it is, and its history."""
    prefetch_related_objects([kit], *SLOTS)
    context: dict[str, Any] = {"kit": kit, "lines": _lines(kit, None)}
    if not kit.is_retired:
        context["free"] = free_words(visit.course, kit, timezone.now())
    if not visit.is_staff:
        return context
    state = kit_state(kit)
    keeps = "" if kit.is_retired else why_not(check_may_retire, kit)
    events = list(kit.events.all()[: HISTORY_SHOWN + 1])
    return context | {
        "state": state, "badge": badge_of(kit, state), "lines": _lines(kit, state), "out": _loans(state),
        "may_edit": visit.role == Role.INSTRUCTOR, "keeps": keeps, "events": events[:HISTORY_SHOWN], "has_more": len(events) > HISTORY_SHOWN,
    }  # fmt: skip


def _lines(kit: Kit, state: KitState | None) -> list[dict[str, Any]]:
    """One line a slot. why: what is wrong with it, for the staff."""
    why = {one.slot.pk: one.why for one in state.missing} if state else {}
    out = {piece.item_id for piece in state.out} if state else set()
    return [
        {
            "item": slot.item, "product": slot.item.product if slot.item else slot.product, "count": slot.count,
            "why": why.get(slot.pk, "is out with the kit" if slot.item_id in out and slot.item_id else ""), "is_missing": slot.pk in why,
        }
        for slot in kit_slots(kit)
    ]  # fmt: skip


def _loans(state: KitState) -> list[dict[str, Any]]:
    """Who has how many pieces of it, and until when."""
    by_loan: dict[int, list[LoanPiece]] = {}
    for piece in state.out:
        by_loan.setdefault(piece.loan_id, []).append(piece)
    return [
        {"who": Borrower.of(found[0].loan).words, "loan": found[0].loan, "pieces": len(found)}
        for found in by_loan.values()
    ]


def kits_csv(visit: Visit) -> HttpResponse:
    """One row a slot: a fixed item by its tag, or so many of a product."""
    stockroom = stockroom_for(visit)
    rows = (
        [kit.tag, kit.name, kit.note, "retired" if kit.is_retired else "in_use", slot.item.tag if slot.item else "",
         str(slot.item.product if slot.item else slot.product), str(slot.count)]
        for kit in Kit.objects.filter(stockroom=stockroom).prefetch_related(*SLOTS)
        for slot in kit_slots(kit)
    )  # fmt: skip
    return csv_response(f"{stockroom.slug}-kits.csv", COLUMNS, rows)
