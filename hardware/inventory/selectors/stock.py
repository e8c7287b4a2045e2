"""What a course owns, as its staff see it, and what it offers, as everybody else does."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from courseplatform.core.badges import Badge
from hardware.inventory.selectors.balances import balances_of
from hardware.models import Condition, Item, Kind, Product, Stockroom

Status = Item.Status
BADGES = {
    Status.IN_SERVICE: Badge("good", "check", "in service"),
    Status.IN_REPAIR: Badge("warn", "triangle", "in repair"),
    Status.LOST: Badge("bad", "octagon", "lost"),
    Status.RETIRED: Badge("neutral", "lock", "retired"),
}
CONDITIONS = {
    Condition.NEW: Badge("good", "check", "new"),
    Condition.GOOD: Badge("good", "check", "good"),
    Condition.WORN: Badge("neutral", "dot", "worn"),
    Condition.DAMAGED: Badge("warn", "triangle", "damaged"),
}
BOARDS = frozenset({Kind.BOARD, Kind.ACCELERATOR})
PARTS = frozenset({Kind.SD_CARD, Kind.POWER_SUPPLY, Kind.CASE, Kind.CABLE, Kind.OTHER})
GROUPS = (
    ("Boards", BOARDS),
    ("Sensors and meters", frozenset(Kind) - BOARDS - PARTS),
    ("Parts", PARTS),
)
ORDER = {kind: place for place, kind in enumerate(Kind.values)}


@dataclass(frozen=True)
class Owned:
    """One line of the table. total: all that is not retired. left: of what is only counted. widths: of the bar, in hundredths."""

    product: Product
    in_service: int = 0
    in_repair: int = 0
    lost: int = 0
    left: int | None = None

    @property
    def total(self) -> int:
        return self.in_service + self.in_repair + self.lost

    @property
    def is_low(self) -> bool:
        have = self.in_service if self.left is None else self.left
        return self.product.low_at is not None and have <= self.product.low_at

    @property
    def bar(self) -> dict[str, float]:
        whole = self.total or 1
        in_service, in_repair = 100 * self.in_service / whole, 100 * self.in_repair / whole
        return {
            "service": in_service,
            "repair_at": in_service,
            "repair": in_repair,
            "lost_at": in_service + in_repair,
            "lost": 100 * self.lost / whole,
        }


def owned(stockroom: Stockroom) -> list[Owned]:
    """Every product with its numbers, by kind and name: two queries."""
    numbers = {
        status.value: Count("items", filter=Q(items__status=status)) for status in Status if status != Status.RETIRED
    }
    balances = balances_of(stockroom)
    rows = [
        Owned(
            row,
            **{name: getattr(row, name) for name in numbers},
            left=balances.get(row.pk, 0) if row.is_counted else None,
        )
        for row in Product.objects.filter(stockroom=stockroom).annotate(**numbers)
    ]
    return sorted(rows, key=lambda one: (ORDER[one.product.kind], one.product.name.casefold()))


def stock_page(stockroom: Stockroom) -> dict[str, Any]:
    rows = owned(stockroom)
    tagged = [one for one in rows if one.left is None]
    groups = [
        {"title": title, "rows": found}
        for title, kinds in GROUPS
        if (found := [one for one in tagged if one.product.kind in kinds])
    ]
    boards = [one for one in tagged if one.product.kind in BOARDS]
    return {
        "stockroom": stockroom, "groups": groups, "counted": [one for one in rows if one.left is not None],
        "total": sum(one.total for one in tagged), "boards": _sum(boards) if boards else None, "is_empty": not rows,
        "verdict": verdict(tagged), "more": more_words(rows),
    }  # fmt: skip


def _sum(rows: list[Owned]) -> dict[str, int]:
    return {name: sum(getattr(one, name) for one in rows) for name in ("in_service", "in_repair", "lost", "total")}


def verdict(tagged: list[Owned]) -> str:
    """134 items, 53 of them boards."""
    total, boards = sum(one.total for one in tagged), sum(one.total for one in tagged if one.product.kind in BOARDS)
    items = f"{total} item{'' if total == 1 else 's'}"
    return f"{items}, {boards} of them board{'' if boards == 1 else 's'}" if boards else items


def more_words(rows: list[Owned]) -> str:
    """What of it needs a look: repairs, losses, and what runs low."""
    repair, lost = sum(one.in_repair for one in rows), sum(one.lost for one in rows)
    said = [f"{number} {'is' if number == 1 else 'are'} {word}" for number, word in ((repair, "in repair"), (lost, "lost")) if number]  # fmt: skip
    low = [f"{one.product.name}: {one.in_service if one.left is None else one.left} left" for one in rows if one.is_low]
    whole = "All of them are in service." if any(one.total for one in rows) else ""
    first = f"{' and '.join(said).capitalize()}." if said else whole
    if not low:
        return first
    more = f" and {len(low) - 4} more" if len(low) > 4 else ""
    return f"{first} Running low: {', '.join(low[:4])}{more}."


def offered(stockroom: Stockroom) -> list[dict[str, Any]]:
    """What can be borrowed or had, in the groups of the page; nothing that is broken, lost or used up."""
    rows = [one for one in owned(stockroom) if (one.in_service if one.left is None else one.left)]
    return [
        {"title": title, "rows": found}
        for title, kinds in GROUPS
        if (found := [one for one in rows if one.product.kind in kinds])
    ]
