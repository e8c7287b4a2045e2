"""What a reservation is for: what has to be booked for it, and how it is called."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from hardware.inventory.kits.contents import kit_pieces, kit_wants
from hardware.inventory.lending.free_times import FreeTimes
from hardware.inventory.selectors.availability import FreeStock
from hardware.inventory.services.bookings import Want
from hardware.models import Product, Reservation


def thing_words(row: Reservation) -> str:
    """2 x Raspberry Pi 4, 8 GB; PI-07, Raspberry Pi 4, 8 GB; kit KIT-03."""
    if row.kit is not None:
        return f"kit {row.kit.tag}"
    assert row.product is not None  # the table holds one of the two
    if row.item is not None:
        return f"{row.item.tag}, {row.product.name}"
    return f"{row.count} x {row.product.name}" if row.count != 1 else row.product.name


def wants_of(row: Reservation, from_at: datetime, until_at: datetime) -> list[Want]:
    """One for each thing with a tag. What is only counted is not booked: nobody knows how many there will be."""
    if row.kit is not None:
        return kit_wants(row.kit, from_at, until_at)
    assert row.product is not None
    return [Want(row.product, from_at, until_at, row.item)] * row.count


def numbers_of(row: Reservation) -> dict[Product, int]:
    """How many of which product, the pieces of a kit one by one: what quotas are asked with."""
    if row.kit is not None:
        found: Counter[Product] = Counter()
        for piece in kit_pieces(row.kit):
            found[piece.product] += piece.count
        return dict(found)
    assert row.product is not None
    return {row.product: row.count}


def products_of(rows: Iterable[Reservation]) -> set[Product]:
    """Whose items they hold, or wait for."""
    return {want.product for row in rows for want in wants_of(row, row.from_at, row.until_at)}


def free_of(stock: FreeStock, row: Reservation) -> tuple[FreeTimes, int]:
    """When that is free, and how many of it are wanted."""
    if row.kit is not None:
        return stock.kit(row.kit), 1
    assert row.product is not None
    return (stock.item(row.item), 1) if row.item is not None else (stock.product(row.product.pk), row.count)
