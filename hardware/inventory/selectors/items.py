"""The list of items with its filters, one item, one product."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from hardware.course_devices import profiles_of
from hardware.inventory.ledger import last_event
from hardware.inventory.lending.loan_words import holder_words
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.selectors.cases import item_cases
from hardware.inventory.selectors.free_page import free_words
from hardware.inventory.selectors.item_rows import item_rows
from hardware.inventory.selectors.refusals import why_not
from hardware.inventory.selectors.stock import BADGES, CONDITIONS
from hardware.inventory.services.items import case_decides
from hardware.inventory.services.products import check_may_archive, check_never_used
from hardware.inventory.serving import piece_out, runners_that_stay
from hardware.models import CASE_OPEN, ITEM_MOVES, Item, Kit, Product, Runner, StockEvent, Stockroom
from hardware.runners.matching import cannot_work

A_PAGE = 100
HISTORY_SHOWN = 60
MOVE_WORDS = {
    Item.Status.IN_SERVICE: "Put back into service",
    Item.Status.IN_REPAIR: "Send to repair",
    Item.Status.LOST: "Report as lost",
    Item.Status.RETIRED: "Retire",
}
LENT_FROM = frozenset({Item.Status.IN_SERVICE, Item.Status.LOST})  # what was lost turns up at the desk
WORDS = {
    "added": "added", "status": "state", "case": "damage",
    "counted": "counted on the shelf", "sheet_url": "data sheet", "is_counted": "only counted", "is_archived": "archived",
    "low_at": "low at", "bought_on": "bought on",
    "warranty_until": "warranty until", "count": "count",
}  # fmt: skip


@dataclass(frozen=True)
class ItemFilter:
    """text: in tag, serial number, place or note. state: of circulation; "" is all that is not retired, "all" is all."""

    text: str = ""
    product: str = ""
    state: str = ""

    @classmethod
    def of(cls, found: Mapping[str, str]) -> "ItemFilter":
        product, state = found.get("product", ""), found.get("state", "")
        return cls(
            found.get("q", "").replace("\x00", "").strip()[:80],
            product if product.isascii() and product.isdecimal() and len(product) < 19 else "",
            state if state in {*Item.Status.values, "all"} else "",
        )


def items_of(stockroom: Stockroom, chosen: ItemFilter) -> QuerySet[Item]:
    found = Item.objects.filter(stockroom=stockroom).select_related("product").order_by("tag")
    if chosen.text:
        text = chosen.text
        found = found.filter(Q(tag__icontains=text) | Q(serial__icontains=text) | Q(place__icontains=text) | Q(note__icontains=text))  # fmt: skip
    if chosen.product:
        found = found.filter(product_id=int(chosen.product))
    if chosen.state == "":
        return found.exclude(status=Item.Status.RETIRED)
    return found if chosen.state == "all" else found.filter(status=chosen.state)


def items_page(stockroom: Stockroom, chosen: ItemFilter, page: str) -> dict[str, Any]:
    found = Paginator(items_of(stockroom, chosen), A_PAGE).get_page(page)
    products = Product.objects.filter(stockroom=stockroom, is_counted=False)
    return {
        "stockroom": stockroom, "page": found, "chosen": chosen, "total": found.paginator.count,
        "rows": item_rows(found),
        "products": [{"value": str(row.pk), "label": row.name, "chosen": str(row.pk) == chosen.product} for row in products],
        "states": [
            {"value": value, "label": label, "chosen": value == chosen.state}
            for value, label in (("", "all but retired"), *((one.value, one.label.lower()) for one in Item.Status), ("all", "all"))
        ],
    }  # fmt: skip


def item_page(visit: Visit, item: Item) -> dict[str, Any]:
    """What members may know of an item; the staff also its value, its history and what can be done."""
    profile = profiles_of(visit.course, with_retired=True).get(item.product.device) if item.product.device else None
    status = Item.Status(item.status)
    context: dict[str, Any] = {"item": item, "product": item.product, "badge": BADGES[status], "profile": profile, "condition": CONDITIONS[item.condition]}  # type: ignore[index]  # fmt: skip
    context |= item_cases(visit, item)
    context["kit"] = kit_of(item)
    context["stays"] = runners_that_stay([item]).get(item.pk)
    if status == Item.Status.IN_SERVICE and not context["stays"]:
        context["free"] = free_words(visit.course, context["kit"] or item, timezone.now())
    if not visit.is_staff:
        return context
    context |= _runner_on(visit, item)
    found = circulation(visit, item)
    context |= found | {"lends": status in LENT_FROM or found["out"] is not None}
    return context | {"may_edit": visit.role == Role.INSTRUCTOR, **history(item.events.all())}


def _runner_on(visit: Visit, item: Item) -> dict[str, Any]:
    """The runner that this board carries, where it is one of this course, and why it gets no work."""
    runner = Runner.objects.filter(item=item, course=visit.course).select_related("team", "item", "course").first()
    return {} if runner is None else {"runner": runner, "runner_barred": cannot_work(runner)}


def circulation(visit: Visit, item: Item) -> dict[str, Any]:
    """Where it may go now, and what stands in the way of the rest: who has it, else its open damage case.

    out: the piece with which it is out. out_here: its loan is one of this course. decides: the case that decides of some moves.
    """
    piece, case = piece_out(item), item.cases.filter(status__in=CASE_OPEN).first()
    reached = [to for to in Item.Status if to in ITEM_MOVES[Item.Status(item.status)]]
    open_to = [] if piece else [to for to in reached if case is None or not case_decides(case, to)]
    return {
        "moves": [{"to": to, "label": MOVE_WORDS[to]} for to in open_to],
        "out": piece, "out_with": holder_words(piece.loan) if piece else "", "out_here": piece is not None and piece.loan.course_id == visit.course.pk,
        "decides": case if case and len(open_to) < len(reached) else None,
    }  # fmt: skip


def kit_of(item: Item) -> Kit | None:
    """The kit in use that it is a fixed part of."""
    return Kit.objects.filter(slots__item=item, is_retired=False).first()


def product_page(visit: Visit, product: Product) -> dict[str, Any]:
    profile = profiles_of(visit.course, with_retired=True).get(product.device) if product.device else None
    return {
        "product": product, "profile": profile, "may_edit": visit.role == Role.INSTRUCTOR, "key": uuid4(),
        "rows": item_rows(product.items.all()),
        "used": why_not(check_never_used, product), "keeps": "" if product.is_archived else why_not(check_may_archive, product),
        "left": balances_of(product.stockroom).get(product.pk, 0) if product.is_counted else None,
        **history(product.events.filter(item=None)),
    }  # fmt: skip


def history(events: QuerySet[StockEvent]) -> dict[str, Any]:
    """The newest lines; the CSV holds all of them."""
    found = list(events[: HISTORY_SHOWN + 1])
    lines = [
        {
            "event": one,
            "what": WORDS.get(one.what, one.what),
            "before": _words(one, one.before),
            "after": _words(one, one.after),
        }
        for one in found[:HISTORY_SHOWN]
    ]
    return {"history": lines, "has_more_history": len(found) > HISTORY_SHOWN}


def _words(event: StockEvent, value: str) -> str:
    return Item.Status(value).label.lower() if event.what == "status" and value in Item.Status.values else value


def initial_of(row: Item | Product, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields}


def seen_of(row: Item | Product) -> int:
    return last_event(row)
