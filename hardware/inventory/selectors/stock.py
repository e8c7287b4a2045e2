"""What a course owns, as its staff see it, and what it offers, as everybody else does."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Exists, OuterRef

from courseplatform.core.badges import Badge
from courseplatform.courses.models import Course
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.serving import STAYS
from hardware.models import Condition, Item, Kind, LoanPiece, Product, Reservation, ReservationStatus, Stockroom

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
    """One line of the table: each item that is not retired is in one of out, runner, free, in_repair and lost. left: of what is only counted.

    out: on loan to anybody, whatever its state, also through another course of the stockroom. runner: it measures in the lab and is not offered.
    waiting: requests that nothing is free for.
    """

    product: Product
    out: int = 0
    runner: int = 0
    free: int = 0
    in_repair: int = 0
    lost: int = 0
    left: int | None = None
    waiting: int = 0

    @property
    def total(self) -> int:
        return self.out + self.runner + self.free + self.in_repair + self.lost

    @property
    def to_have(self) -> int:
        """How many can be had now."""
        return self.free if self.left is None else self.left

    @property
    def lendable(self) -> int:
        """What goes in and out: all but what is in repair or lost."""
        return self.out + self.free

    @property
    def is_low(self) -> bool:
        return self.product.low_at is not None and self.to_have <= self.product.low_at

    @property
    def bar(self) -> list[dict[str, Any]]:
        """Parts of the bar in hundredths of the whole; what is free is the ground."""
        whole, at, parts = self.total or 1, 0.0, []
        shares = (("out", self.out), ("runner", self.runner), ("free", self.free), ("repair", self.in_repair), ("lost", self.lost))  # fmt: skip
        for name, number in shares:
            if number and name != "free":
                parts.append({"name": name, "at": at, "width": 100 * number / whole})
            at += 100 * number / whole
        return parts


def owned(stockroom: Stockroom) -> list[Owned]:
    """Every product with its numbers, by kind and name: six queries. An archived one only while something of it is out."""
    balances, waiting = balances_of(stockroom), waiting_of(stockroom)
    stand, out, stays = _standing(stockroom), _out(stockroom), _staying(stockroom)
    rows = [
        Owned(
            row,
            out=sum(out[row.pk].values()),
            runner=stays[row.pk],
            free=stand[row.pk][Status.IN_SERVICE] - out[row.pk][Status.IN_SERVICE] - stays[row.pk],
            in_repair=stand[row.pk][Status.IN_REPAIR] - out[row.pk][Status.IN_REPAIR],
            lost=stand[row.pk][Status.LOST] - out[row.pk][Status.LOST],
            left=balances.get(row.pk, 0) if row.is_counted else None,
            waiting=waiting.get(row.pk, 0),
        )
        for row in Product.objects.filter(stockroom=stockroom)
        if not row.is_archived or out[row.pk]
    ]
    return sorted(rows, key=lambda one: (ORDER[one.product.kind], one.product.name.casefold()))


Numbers = dict[int, Counter[str]]  # by the key of the product: state of circulation -> how many


def _standing(stockroom: Stockroom) -> Numbers:
    found: Numbers = defaultdict(Counter)
    rows = Item.objects.filter(stockroom=stockroom).exclude(status=Status.RETIRED).order_by()
    for row in rows.values("product", "status").annotate(number=Count("pk")):
        found[row["product"]][row["status"]] = row["number"]
    return found


def _out(stockroom: Stockroom) -> Numbers:
    found: Numbers = defaultdict(Counter)
    rows = LoanPiece.objects.filter(item__stockroom=stockroom, back_at=None).exclude(item__status=Status.RETIRED)
    for row in rows.order_by().values("item__product", "item__status").annotate(number=Count("pk")):
        found[row["item__product"]][row["item__status"]] = row["number"]
    return found


def _staying(stockroom: Stockroom) -> Counter[int]:
    """By the key of the product: boards in service that are not out and carry a runner that stays."""
    found: Counter[int] = Counter()
    rows = Item.objects.filter(STAYS, stockroom=stockroom, status=Status.IN_SERVICE)
    rows = rows.exclude(Exists(LoanPiece.objects.filter(item=OuterRef("pk"), back_at=None)))
    for row in rows.order_by().values("product").annotate(number=Count("pk")):
        found[row["product"]] = row["number"]
    return found


def waiting_of(stockroom: Stockroom) -> dict[int, int]:
    """By the key of the product: requests on the waiting list. What waits for a kit waits for the kit, and is not counted here."""
    rows = Reservation.objects.filter(stockroom=stockroom, status=ReservationStatus.WAITING, product__isnull=False)
    return {row["product"]: row["number"] for row in rows.order_by().values("product").annotate(number=Count("pk"))}


def stock_page(stockroom: Stockroom, rows: list[Owned], *, overdue: int = 0) -> dict[str, Any]:
    """overdue: how many loans of the course are."""
    tagged = [one for one in rows if one.left is None]
    groups = grouped(tagged)
    boards = [one for one in tagged if one.product.kind in BOARDS]
    sums = [("All boards", _sum(boards))] if boards and len(groups) > 1 else []
    return {
        "stockroom": stockroom, "groups": groups, "counted": [one for one in rows if one.left is not None],
        "total": sum(one.total for one in tagged), "sums": [*sums, ("All", _sum(tagged))] if tagged else [], "is_empty": not rows,
        "verdict": verdict(tagged, overdue), "more": more_words(rows), "are_lost": any(one.lost for one in tagged),
        "are_runners": any(one.runner for one in tagged),
    }  # fmt: skip


def grouped(rows: list[Owned]) -> list[dict[str, Any]]:
    return [
        {"title": title, "rows": found}
        for title, kinds in GROUPS
        if (found := [one for one in rows if one.product.kind in kinds])
    ]


def _sum(rows: list[Owned]) -> dict[str, int]:
    return {name: sum(getattr(one, name) for one in rows) for name in ("out", "runner", "free", "in_repair", "lost", "total", "waiting")}  # fmt: skip


def verdict(tagged: list[Owned], overdue: int = 0) -> str:
    """35 of 53 boards are out; 3 loans are overdue. Before anything was lent: 134 items, 53 of them boards."""
    boards = [one for one in tagged if one.product.kind in BOARDS]
    some = boards if any(one.out for one in boards) else tagged
    out, total = sum(one.out for one in some), sum(one.total for one in some)
    late = f"; {overdue} loan{' is' if overdue == 1 else 's are'} overdue" if overdue else ""
    if out:
        return f"{out} of {_many(total, 'board' if some is boards else 'item')} {'is' if out == 1 else 'are'} out{late}"
    number = sum(one.total for one in boards)
    return _many(total, "item") + (f", {number} of them board{'' if number == 1 else 's'}" if number else "") + late


def elsewhere_words(stockroom: Stockroom, course: Course) -> str:
    """`28 of them are lent by Studio: Small Devices.`: of the boards that are out, else of the items. One query; "" where no other course lends."""
    pieces = LoanPiece.objects.filter(item__stockroom=stockroom, back_at=None).exclude(item__status=Status.RETIRED)
    rows = (
        pieces.order_by()
        .values_list("loan__course", "loan__course__title", "product__kind")
        .annotate(number=Count("pk"))
    )
    found = [(pk, title, number, kind in BOARDS) for pk, title, kind, number in rows]
    some = [row for row in found if row[3]] or found
    theirs = {pk: title for pk, title, *_ in some if pk != course.pk}
    if not theirs:
        return ""
    number = sum(row[2] for row in some if row[0] in theirs)
    whose = next(iter(theirs.values())) if len(theirs) == 1 else f"{len(theirs)} other courses"
    return f"{number} of them {'is' if number == 1 else 'are'} lent by {whose}."


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def more_words(rows: list[Owned]) -> str:
    """What of it needs a look: who waits, repairs, losses, and what runs low."""
    short = sorted((one for one in rows if one.waiting), key=lambda one: -one.waiting)
    wait = [f"{one.product.name}: {one.to_have} free, {one.waiting} {'waits' if one.waiting == 1 else 'wait'}" for one in short]  # fmt: skip
    repair, lost = sum(one.in_repair for one in rows), sum(one.lost for one in rows)
    said = [f"{number} {'is' if number == 1 else 'are'} {word}" for number, word in ((repair, "in repair"), (lost, "lost")) if number]  # fmt: skip
    low = [f"{one.product.name}: {one.to_have} left" for one in rows if one.is_low and not one.waiting]
    whole = "All of them are in service." if any(one.total for one in rows) and not any(one.out for one in rows) else ""
    sentences = [
        f"Short: {_first(wait, 3)}." if wait else "",
        f"{' and '.join(said).capitalize()}." if said else whole,
        f"Running low: {_first(low, 4)}." if low else "",
    ]
    return " ".join(one for one in sentences if one)


def _first(words: list[str], most: int) -> str:
    return "; ".join(words[:most]) + (f"; and {len(words) - most} more" if len(words) > most else "")


def offer_page(stockroom: Stockroom | None) -> dict[str, Any]:
    """What can be borrowed or had, in the groups of the page; nothing that is broken, lost or used up, and no fixed part of a kit: that is
    lent with its kit alone."""
    parts = _in_kits(stockroom) if stockroom else {}
    rows = [_loose(one, parts) for one in owned(stockroom)] if stockroom else []
    return {"groups": grouped([one for one in rows if (one.to_have or one.out) and not one.product.is_archived])}


def _loose(one: Owned, parts: Numbers) -> Owned:
    found = parts.get(one.product.pk, Counter())
    return replace(one, free=one.free - found["free"], out=one.out - found["out"])


def _in_kits(stockroom: Stockroom) -> Numbers:
    """By the key of the product: fixed parts of kits in use that are free, and that are out. One query."""
    found: Numbers = defaultdict(Counter)
    parts = Item.objects.filter(stockroom=stockroom, status=Status.IN_SERVICE, kit_slot__kit__is_retired=False).exclude(STAYS)  # fmt: skip
    is_out = Exists(LoanPiece.objects.filter(item=OuterRef("pk"), back_at=None))
    for product, out in parts.annotate(is_out=is_out).order_by().values_list("product", "is_out"):
        found[product]["out" if out else "free"] += 1
    return found
