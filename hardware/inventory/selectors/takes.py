"""Counts of a shelf: which are going on, what there is to count, one while it runs, and one that has ended."""

from collections import Counter
from typing import Any

from courseplatform.core.badges import Badge
from hardware.inventory.stock.counting import OUT_OF_BOOKS, Line, Outcome, is_at, outcome_of
from hardware.models import Item, LoanPiece, Stockroom, StockTake, StockTakeScan

FoundAs = StockTakeScan.Found
LAST_SCANS = 8
TAKES_SHOWN = 30
SCAN_BADGES = {
    FoundAs.HERE: Badge("good", "check", "seen"),
    FoundAs.ELSEWHERE: Badge("warn", "triangle", "belongs elsewhere"),
    FoundAs.OUT: Badge("warn", "triangle", "on loan by the books"),
    FoundAs.GONE: Badge("warn", "triangle", "lost or retired by the books"),
    FoundAs.UNKNOWN: Badge("bad", "octagon", "unknown"),
}
HEADS = (
    ("missing", "Missing", "Expected here, not seen, and with nobody by the books."),
    ("elsewhere", "Belongs elsewhere", "Seen here; the books have another place."),
    ("out", "On loan by the books", "Seen here, so a return was not written down. Take it back at the desk."),
    ("found", "Lost or retired by the books", "Seen here all the same."),
    ("gone", "Left during the count", "Expected when it began, and gone by the books since."),
    ("extra", "Came during the count", "Seen here, and not expected when it began."),
    ("seen", "Seen", "Where it belongs."),
)


def takes_page(stockroom: Stockroom) -> dict[str, Any]:
    """Places with what should stand there now, counts that are going on, and those that ended: three queries."""
    out = set(LoanPiece.objects.filter(back_at=None, item__stockroom=stockroom).values_list("item", flat=True))
    here = Item.objects.filter(stockroom=stockroom).exclude(status__in=OUT_OF_BOOKS)
    numbers: Counter[str] = Counter()
    names: dict[str, str] = {}
    for place, pk in here.order_by("tag").values_list("place", "pk"):
        name = " ".join(place.split())
        names.setdefault(name.casefold(), name)
        numbers[name.casefold()] += pk not in out
    takes = list(stockroom.takes.all()[:TAKES_SHOWN])
    last = {take.place.casefold(): take for take in reversed(takes) if take.ended_at}
    return {
        "places": [
            {"place": names[key], "expected": numbers[key], "last": last.get(key)} for key in sorted(names) if key
        ],
        "placeless": numbers[""], "total": sum(numbers.values()), "last_whole": last.get(""),
        "running": [take for take in takes if take.ended_at is None],
        "ended": [{"take": take, "outcome": Outcome.of_json(take.result)} for take in takes if take.ended_at],
    }  # fmt: skip


def live(take: StockTake) -> dict[str, Any]:
    """What changes with every scan: five queries."""
    outcome = outcome_of(take)
    scans = take.scans.select_related("item__product").order_by("-at", "-pk")
    return {
        "take": take, "outcome": outcome, "share": len(outcome.seen) / (outcome.expected or 1), "scan_count": scans.count(),
        "scans": [{"scan": one, "badge": SCAN_BADGES[FoundAs(one.found)]} for one in scans[:LAST_SCANS]],
        "odd": [block for block in _blocks(outcome, take) if block["name"] in ("elsewhere", "out", "found", "gone")],
    }  # fmt: skip


def result_page(take: StockTake) -> dict[str, Any]:
    """What it came to, and of each line whether something can still follow from it."""
    outcome = outcome_of(take)
    return {
        "take": take,
        "outcome": outcome,
        "blocks": _blocks(outcome, take),
        "verdict": verdict(outcome),
        "has_ticks": True,
    }


def verdict(outcome: Outcome) -> str:
    """38 of 40 seen, 2 are missing."""
    missing = len(outcome.missing)
    said = f"{len(outcome.seen)} of {outcome.expected} seen"
    return f"{said}, {missing} {'is' if missing == 1 else 'are'} missing" if missing else f"{said}, nothing is missing"


def _blocks(outcome: Outcome, take: StockTake) -> list[dict[str, Any]]:
    lists: dict[str, list[Line]] = {name: getattr(outcome, name) for name, _, _ in HEADS}
    now = _now(take, lists) if take.ended_at else {}
    return [
        {
            "name": name, "title": title, "note": note, "offer": OFFERS.get(name, ""),
            "is_offered": any(now.get(line.item) == OPEN for line in lists[name]),
            "lines": [{"line": line, "may": now.get(line.item) == OPEN, "now": now.get(line.item, OPEN)} for line in lists[name]],
        }
        for name, title, note in HEADS
        if lists[name]
    ]  # fmt: skip


OFFERS = {"missing": "lost", "elsewhere": "moved", "found": "found"}
OPEN = ""  # a tick still changes something


def _now(take: StockTake, lists: dict[str, list[Line]]) -> dict[int, str]:
    """Of each item that can be ticked: OPEN, or what became of it since. Two queries."""
    keys = {line.item: name for name in OFFERS for line in lists[name]}
    out = set(LoanPiece.objects.filter(item__in=keys, back_at=None).values_list("item", flat=True))
    return {
        one.pk: "on loan now" if one.pk in out else _since(take, keys[one.pk], one)
        for one in Item.objects.filter(pk__in=keys)
    }


def _since(take: StockTake, name: str, item: Item) -> str:
    is_gone = item.status in OUT_OF_BOOKS
    if name == "missing":
        return f"{item.get_status_display().lower()} now" if is_gone else OPEN
    if name == "found":
        return OPEN if is_gone else "in the books again"
    return "belongs here now" if is_at(item, take.place) else OPEN


def csv_rows(take: StockTake) -> list[list[str]]:
    """One line an item or unknown code: what it came to, tag, what it is, a word on it."""
    outcome = outcome_of(take)
    rows = [[name, line.tag, line.product, line.words] for name, _, _ in HEADS for line in getattr(outcome, name)]
    return rows + [["unknown", code, "", ""] for code in outcome.unknown]
