"""What a kit consists of: its check-list at a hand-over, what has to be booked for it, and whether it is whole.

A slot is a fixed item, or so many of a product. Of a product whose pieces have tags any will do, and scanning at the hand-over says
which; of one that is only counted the number alone matters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.services.bookings import Want
from hardware.inventory.serving import STAYS
from hardware.models import Item, Kit, KitSlot, LoanPiece, Product

GONE = {Item.Status.IN_REPAIR: "is in repair", Item.Status.LOST: "is lost", Item.Status.RETIRED: "is retired"}


@dataclass(frozen=True)
class KitPiece:
    """One line of the check-list. item: None where scanning says which. count: 1 unless the product is only counted."""

    slot: KitSlot
    product: Product
    item: Item | None
    count: int
    is_counted: bool


@dataclass(frozen=True)
class Missing:
    """Why the kit cannot be handed over whole: `PI-03 is in repair`."""

    slot: KitSlot
    why: str


@dataclass(frozen=True)
class KitState:
    """missing: what is not there. out: pieces that went out as part of this kit and are not back."""

    missing: tuple[Missing, ...]
    out: tuple[LoanPiece, ...]

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.out

    @property
    def words(self) -> str:
        """Which and why, in a sentence without its full stop."""
        said = [f"out with {', '.join(sorted({borrower_of(piece) for piece in self.out}))}"] if self.out else []
        return "; ".join([*said, *(one.why for one in self.missing)]) or "whole"


def kit_slots(kit: Kit) -> list[KitSlot]:
    """With their items and products; as they were prefetched, where they were."""
    if "slots" in getattr(kit, "_prefetched_objects_cache", {}):
        return list(kit.slots.all())
    return list(kit.slots.select_related("item__product", "product"))


def kit_pieces(kit: Kit) -> list[KitPiece]:
    """The check-list of a kit, in its order."""
    return [piece for slot in kit_slots(kit) for piece in _pieces(slot)]


def _pieces(slot: KitSlot) -> list[KitPiece]:
    if slot.item is not None:
        return [KitPiece(slot, slot.item.product, slot.item, 1, False)]
    assert slot.product is not None  # the table holds one of the two
    if slot.product.is_counted:
        return [KitPiece(slot, slot.product, None, slot.count, True)]
    return [KitPiece(slot, slot.product, None, 1, False)] * slot.count


def kit_wants(kit: Kit, from_at: datetime, until_at: datetime | None) -> list[Want]:
    """What has to be booked for it. Only what has a tag is booked: of the rest nobody knows how many there will be."""
    return [Want(one.product, from_at, until_at, one.item) for one in kit_pieces(kit) if not one.is_counted]


def kit_state(kit: Kit) -> KitState:
    return kit_states([kit])[kit.pk]


def kit_states(kits: Sequence[Kit]) -> dict[int, KitState]:
    """By the key of the kit. Four queries, and one each kit whose slots were not prefetched."""
    slots = {kit.pk: kit_slots(kit) for kit in kits}
    every = [slot for found in slots.values() for slot in found]
    there = _on_the_shelf({slot.product for slot in every if slot.product is not None})
    fixed = [slot.item_id for slot in every if slot.item_id]
    open_pieces = LoanPiece.objects.filter(back_at=None).filter(Q(kit__in=list(slots)) | Q(item__in=fixed))
    out = list(open_pieces.select_related("item", "product", "loan__team", "loan__person"))
    return {kit.pk: _state(kit, slots[kit.pk], out, there) for kit in kits}


def _state(kit: Kit, slots: Iterable[KitSlot], out: Iterable[LoanPiece], there: dict[int, int]) -> KitState:
    mine = tuple(piece for piece in out if piece.kit_id == kit.pk)
    elsewhere = {piece.item_id: piece for piece in out if piece.kit_id != kit.pk}
    found = ((slot, _why(slot, elsewhere, there, is_out=bool(mine))) for slot in slots)
    return KitState(tuple(Missing(slot, why) for slot, why in found if why), mine)


def _why(slot: KitSlot, elsewhere: dict[int | None, LoanPiece], there: dict[int, int], *, is_out: bool) -> str:
    """`is_out`: what the kit took of a product is out with it, so the shelf says nothing about it."""
    if slot.item is not None:
        if slot.item.status in GONE:
            return f"{slot.item.tag} {GONE[Item.Status(slot.item.status)]}"
        piece = elsewhere.get(slot.item_id)
        return f"{slot.item.tag} is out with {borrower_of(piece)}" if piece else ""
    assert slot.product is not None
    have = there.get(slot.product.pk, 0)
    if is_out or have >= slot.count:
        return ""
    return f"{have} of {slot.count} {slot.product.name} {'is' if have == 1 else 'are'} on the shelf"


def borrower_of(piece: LoanPiece) -> str:
    return Borrower.of(piece.loan).words


def _on_the_shelf(products: set[Product]) -> dict[int, int]:
    """How many of each there are now for any kit: in service, not out, carrying no runner, and no fixed part of a kit in use."""
    if not products:
        return {}
    stockroom = next(iter(products)).stockroom
    free = Item.objects.filter(product__in=products, status=Item.Status.IN_SERVICE).exclude(STAYS)
    free = free.exclude(kit_slot__kit__is_retired=False)
    free = free.exclude(loan_pieces__in=LoanPiece.objects.filter(back_at=None))
    rows = free.order_by().values("product").annotate(number=Count("pk"))
    there = {row["product"]: row["number"] for row in rows}
    balances = balances_of(stockroom) if any(one.is_counted for one in products) else {}
    return there | {one.pk: max(balances.get(one.pk, 0), 0) for one in products if one.is_counted}
