"""What was missing while a request for a kit waited: the kit itself is bought nowhere, its parts are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from hardware.inventory.term.usage import Curve, Span
from hardware.models import Item, KitSlot, LoanPiece, Reservation, ReservationStatus, StockEvent

GAVE_UP = frozenset({ReservationStatus.DECLINED, ReservationStatus.CANCELLED})
KIT_PARTS = ("kit__slots__item", "kit__slots__product")
Away = dict[int, list[Span]]  # by the key of an item: when it was on loan, in repair, lost or retired


def waits_of(row: Reservation) -> Iterator[Span]:
    """Each time that a request stood on the waiting list, from its moves, which are read already; of its own product, if any."""
    product, began, status = row.product_id or 0, row.made_at, None
    for move in row.moves.all():
        status = status or move.moved_from
        if status == ReservationStatus.WAITING and move.at > began:
            yield Span(product, began, move.at, row.count, move.moved_to in GAVE_UP)
        began, status = move.at, move.moved_to
    if row.status == ReservationStatus.WAITING:
        yield Span(product, began, None, row.count)


def kit_wishes(rows: Iterable[Reservation], now: datetime) -> list[Span]:
    """Requests for kits as wishes for what was not there. Three queries where anybody waited for a kit, else none.

    A part counts where it was away at any moment of the wait: a fixed item itself, or so many of its product that too few were left.
    Where nothing is seen to be missing (it was promised to others), each part counts. Parts are those of today.
    """
    waits = [(row, wait) for row in rows for wait in waits_of(row)]
    if not waits:
        return []
    slots = [slot for row, _ in waits for slot in _slots(row)]
    fixed = {slot.item_id for slot in slots if slot.item_id}
    loose = _loose({slot.product_id for slot in slots if slot.product_id})
    away = _away({*fixed, *(item for items in loose.values() for item in items)}, now)
    found = []
    for row, wait in waits:
        short = [slot for slot in _slots(row) if _is_short(slot, wait, away, loose, now)] or _slots(row)
        for product, count in _numbers(short).items():
            found.append(Span(product, wait.from_at, wait.until_at, count, wait.went_without))
    return found


def _slots(row: Reservation) -> list[KitSlot]:
    """What of it has tags; of what is only counted nobody waits."""
    assert row.kit is not None
    return [slot for slot in row.kit.slots.all() if slot.item or (slot.product and not slot.product.is_counted)]


def _numbers(slots: Iterable[KitSlot]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for slot in slots:
        found[slot.item.product_id if slot.item else slot.product_id or 0] += slot.count
    return found


def _loose(products: Iterable[int]) -> dict[int, list[int]]:
    """By the key of the product: items that serve as any of it."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = Item.objects.filter(product__in=list(products)).exclude(kit_slot__kit__is_retired=False)
    for product, item in rows.order_by().values_list("product", "pk"):
        found[product].append(item)
    return found


def _away(items: Iterable[int], now: datetime) -> Away:
    found: Away = defaultdict(list)
    pieces = LoanPiece.objects.filter(item__in=list(items)).order_by()
    for item, out_at, back_at in pieces.values_list("item", "out_at", "back_at"):
        found[item or 0].append(Span(item or 0, out_at, back_at))
    moves: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    events = StockEvent.objects.filter(item__in=list(items), what="status").order_by("at", "pk")
    for item, at, after in events.values_list("item", "at", "after"):
        moves[item or 0].append((at, after))
    for item, steps in moves.items():
        for (at, state), (until, _) in pairwise([*steps, (now, "")]):
            if state != Item.Status.IN_SERVICE:
                found[item].append(Span(item, at, until))
    return found


def _is_short(slot: KitSlot, wait: Span, away: Away, loose: dict[int, list[int]], now: datetime) -> bool:
    until = wait.until_at or now
    if slot.item_id:
        return any(one.within(wait.from_at, until) for one in away[slot.item_id])
    items = loose[slot.product_id or 0]
    # An item that broke while it was out is away twice, and missing once.
    gone = Curve(span for item in items for span in _joined(away[item]))
    return len(items) - gone.peak(wait.from_at, until).number < slot.count


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The same times without overlaps."""
    last: Span | None = None
    for one in sorted(spans, key=lambda span: span.from_at):
        if last is None or (last.until_at is not None and one.from_at > last.until_at):
            if last is not None:
                yield last
            last = one
        elif last.until_at is not None and (one.until_at is None or one.until_at > last.until_at):
            last = Span(last.product, last.from_at, one.until_at)
    if last is not None:
        yield last
