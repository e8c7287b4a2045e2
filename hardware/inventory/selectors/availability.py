"""What is free when, of everything that a stockroom lends: read from the bookings, a few queries for any number of products.

What is out beyond its time counts as taken until it is back. What is only counted is never reserved, so it is not here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from hardware.inventory.lending.free_times import FreeTimes, Taken, all_of, free_times
from hardware.inventory.services.bookings import claim_of
from hardware.inventory.serving import STAYS
from hardware.models import Booking, Item, Kit, Product, Stockroom

Status = Item.Status


@dataclass(frozen=True)
class FreeStock:
    """products, items: key -> when it is free. An item that is not in service is not among `items`. loose: what serves as any of its product,
    being no part of a kit and carrying no runner that stays."""

    now: datetime
    products: dict[int, FreeTimes]
    items: dict[int, FreeTimes]
    loose: frozenset[int]

    def product(self, pk: int) -> FreeTimes:
        return self.products.get(pk) or free_times(0, (), self.now)

    def item(self, item: Item) -> FreeTimes:
        """Of one certain item. Where it serves as one of its product, the promises made on that product hold too."""
        alone = self.items.get(item.pk) or free_times(0, (), self.now)
        return all_of([(alone, 1), (self.product(item.product_id), 1)], self.now) if item.pk in self.loose else alone

    def kit(self, kit: Kit) -> FreeTimes:
        """Whole: each fixed item, and so many of each product with tags. No query where its slots are prefetched."""
        parts = []
        for slot in kit.slots.all():
            if slot.item_id is not None:
                parts.append((self.items.get(slot.item_id) or free_times(0, (), self.now), 1))
            elif slot.product is not None and not slot.product.is_counted:
                parts.append((self.product(slot.product.pk), slot.count))
        return all_of(parts, self.now)


def free_stock(stockroom: Stockroom, *, now: datetime, products: Iterable[Product] | None = None) -> FreeStock:
    """Three queries. products: of these alone."""
    of = {} if products is None else {"product__in": list(products)}
    held = Item.objects.filter(stockroom=stockroom, status=Status.IN_SERVICE, **of)
    product_of = dict(held.values_list("pk", "product"))
    others = set(held.filter(Q(kit_slot__kit__is_retired=False) | STAYS).values_list("pk", flat=True))
    loose = frozenset(product_of.keys() - others)
    taken: dict[int, list[Taken]] = defaultdict(list)
    pinned: dict[int, list[Taken]] = defaultdict(list)
    for row in Booking.objects.filter(stockroom=stockroom, is_active=True, **of):
        claim = claim_of(row, now)
        if claim.is_pinned and claim.item is not None:
            pinned[claim.item].append((claim.from_at, claim.until_at))
        # What is bound to an item that serves nobody else takes nothing away from the others.
        if not claim.is_pinned or claim.item in loose:
            taken[row.product_id].append((claim.from_at, claim.until_at))
    totals: dict[int, int] = defaultdict(int)
    for item in loose:
        totals[product_of[item]] += 1
    return FreeStock(
        now,
        {pk: free_times(totals[pk], taken[pk], now) for pk in totals.keys() | taken.keys()},
        {pk: free_times(1, pinned[pk], now) for pk in product_of},
        loose,
    )


def free_over(stockroom: Stockroom, from_at: datetime, until_at: datetime, *, now: datetime) -> dict[int, int]:
    """Product's key -> how many can still be had all through [from_at, until_at). Three queries."""
    found = free_stock(stockroom, now=now)
    return {pk: times.least(from_at, until_at) for pk, times in found.products.items()}
