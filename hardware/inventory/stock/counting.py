"""What a count of a shelf comes to: what was seen, what is missing, what is here that the books have elsewhere.

Loans and returns while the count runs are told apart: what went out was not missed, and what came back was not found by chance.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from hardware.inventory.lending.eligibility import Borrower
from hardware.models import Item, LoanPiece, StockTake, StockTakeScan

FoundAs = StockTakeScan.Found
OUT_OF_BOOKS = frozenset({Item.Status.LOST, Item.Status.RETIRED})


@dataclass(frozen=True)
class Line:
    """One item in the result. words: what is to be known of it: "belongs at Shelf B", "lent to team Heron"."""

    item: int
    tag: str
    product: str
    words: str = ""


@dataclass
class Outcome:
    """Of what was expected: seen, missing, gone (left by the books meanwhile). Beside it, by the scans: extra (came back or was added),
    elsewhere, out (on loan by the books), found (lost or retired by the books), unknown (codes)."""

    expected: int = 0
    seen: list[Line] = field(default_factory=list)
    missing: list[Line] = field(default_factory=list)
    gone: list[Line] = field(default_factory=list)
    extra: list[Line] = field(default_factory=list)
    elsewhere: list[Line] = field(default_factory=list)
    out: list[Line] = field(default_factory=list)
    found: list[Line] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "Outcome":
        lines = {name: [Line(**one) for one in kept.get(name, [])] for name in LISTS}
        return cls(expected=kept.get("expected", 0), unknown=list(kept.get("unknown", [])), **lines)


LISTS = ("seen", "missing", "gone", "extra", "elsewhere", "out", "found")


def is_at(item: Item, place: str) -> bool:
    """Whether it belongs on this shelf; "" is the whole stockroom. Capitals and spaces do not matter."""
    return not place or " ".join(item.place.split()).casefold() == " ".join(place.split()).casefold()


def expected_at(items: Iterable[Item], out: set[int], place: str) -> list[Item]:
    """What should stand there now: in the books, belonging there, and with nobody."""
    return [one for one in items if one.status not in OUT_OF_BOOKS and one.pk not in out and is_at(one, place)]


def found_as(item: Item, piece: LoanPiece | None, place: str) -> FoundAs:
    """What a scan means at its moment."""
    if piece is not None:
        return FoundAs.OUT
    if item.status in OUT_OF_BOOKS:
        return FoundAs.GONE
    return FoundAs.HERE if is_at(item, place) else FoundAs.ELSEWHERE


def outcome_of(take: StockTake) -> Outcome:
    """As it was kept when the count ended, or as it stands now: three queries."""
    if take.ended_at is not None:
        return Outcome.of_json(take.result)
    scans = list(take.scans.select_related("item__product"))
    expected = {row["item"]: row for row in take.expected}
    items = Item.objects.filter(pk__in={*expected, *(one.item_id for one in scans if one.item_id)}).select_related("product")  # fmt: skip
    pieces = LoanPiece.objects.filter(item__in=items, back_at=None).select_related(
        "loan__team", "loan__person", "loan__course"
    )
    held = {piece.item_id: piece for piece in pieces}
    result = Outcome(expected=len(expected), unknown=[one.code for one in scans if one.item_id is None])
    scanned = {one.item_id for one in scans}
    for item in sorted(items, key=lambda one: one.tag):
        if item.pk in expected and item.pk in scanned:
            result.seen.append(_line(item))
        elif item.pk in expected:
            words = _left_by(item, held.get(item.pk), take.place)
            (result.gone if words else result.missing).append(_line(item, words or _repair_words(item)))
    for scan in scans:
        if scan.item is not None and scan.item_id not in expected:
            _beside(result, scan, scan.item, held.get(scan.item_id))
    return result


def _beside(result: Outcome, scan: StockTakeScan, item: Item, piece: LoanPiece | None) -> None:
    if scan.found == FoundAs.ELSEWHERE:
        result.elsewhere.append(_line(item, f"belongs at {item.place}" if item.place else "has no place by the books"))
    elif scan.found == FoundAs.OUT:
        result.out.append(_line(item, f"on loan to {_who(piece)}" if piece else "was on loan, and is back since"))
    elif scan.found == FoundAs.GONE:
        result.found.append(_line(item, f"{item.get_status_display().lower()} by the books"))
    else:
        result.extra.append(_line(item, "came back or was added during the count"))


def _line(item: Item, words: str = "") -> Line:
    return Line(item.pk, item.tag, item.product.name, words)


def _left_by(item: Item, piece: LoanPiece | None, place: str) -> str:
    """How it left this shelf by the books since the count began; "" where it did not."""
    if piece is not None:
        return f"lent to {_who(piece)} during the count"
    if item.status in OUT_OF_BOOKS:
        return f"{item.get_status_display().lower()} by the books since"
    return "" if is_at(item, place) else f"moved to {item.place or 'no place'} by the books since"


def _repair_words(item: Item) -> str:
    return "in repair" if item.status == Item.Status.IN_REPAIR else ""


def _who(piece: LoanPiece) -> str:
    return Borrower.of(piece.loan).words
