"""Counting a shelf: several people scan, one ends it, and what follows from the result is ticked and done in one go."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from hardware.inventory.care_access import take_for
from hardware.inventory.ledger import Ledger, stockroom_locked
from hardware.inventory.services.items import item_move
from hardware.inventory.serving import piece_out
from hardware.inventory.stock.counting import OUT_OF_BOOKS, Line, Outcome, expected_at, found_as, is_at, outcome_of
from hardware.inventory.stock.scanning import read_code
from hardware.models import Item, Kit, LoanPiece, Stockroom, StockTake, StockTakeScan

FoundAs = StockTakeScan.Found
MOST_SCANS = 10_000  # of a count: the items of a stockroom, and as many codes that are none
FOREIGN = frozenset({"foreign_code", "other_site", "other_stockroom"})


@dataclass(frozen=True)
class Scanned:
    """What a scan said. found: "" where it is a kit and nothing is counted yet. is_new: False where it had been scanned before."""

    found: str
    sentence: str
    is_new: bool = True
    kit: Kit | None = None


def place_words(place: str) -> str:
    return place or "the whole stockroom"


def take_begin(*, visit: Visit, place: str = "") -> StockTake:
    """Begin to count what stands at a place, "" for everything, or join the count of it that is going on.

    Raises BadInput (`unknown_place`), NotHere.
    """
    place = " ".join(place.split())
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        for open_take in stockroom.takes.filter(ended_at=None):
            if open_take.place.casefold() == place.casefold():
                return open_take
        items = list(Item.objects.filter(stockroom=stockroom).select_related("product"))
        known = next((one.place for one in items if is_at(one, place)), None)
        if known is None:
            raise BadInput(f"No item of the stock belongs at “{place[:40]}”. Choose a place of the list.", code="unknown_place")  # fmt: skip
        out = set(LoanPiece.objects.filter(item__stockroom=stockroom, back_at=None).values_list("item", flat=True))
        expected = [{"item": one.pk, "tag": one.tag, "product": one.product.name} for one in expected_at(items, out, place)]  # fmt: skip
        return StockTake.objects.create(
            stockroom=stockroom, place=" ".join(known.split()) if place else "", begun_at=timezone.now(), begun_by=visit.by[:120], expected=expected,
        )  # fmt: skip


def take_scan(*, visit: Visit, take: StockTake, code: str, whole_kit: bool = False) -> Scanned:
    """Something was scanned, or a tag typed. The same thing twice counts once.

    Args:
        whole_kit: the fixed items of a kit are counted by its own tag; without it, the kit is only named.

    Raises:
        BadInput: `bad_tag`. Conflict: `count_ended`, `too_many_scans`. NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = take_for(visit, take.pk)
        _check_open(row)
        if row.scans.count() >= MOST_SCANS:
            raise Conflict("This count has too many scans. End it, and begin another.", code="too_many_scans")
        try:
            tag = read_code(code, stockroom.slug)
        except BadInput as error:
            if error.code not in FOREIGN:
                raise
            return _unknown(visit, row, code.strip(), error.message)
        item = Item.objects.filter(stockroom=stockroom, tag=tag).select_related("product").first()
        if item is not None:
            return _item_scanned(visit, row, item, tag)
        kit = Kit.objects.filter(stockroom=stockroom, tag=tag, is_retired=False).first()
        if kit is not None:
            return _kit_scanned(visit, row, kit, whole_kit)
        return _unknown(visit, row, tag, f"Nothing here has the tag {tag}. Put it aside, and look it up after the count.")  # fmt: skip


def _check_open(row: StockTake) -> None:
    if row.ended_at is not None:
        raise Conflict(f"This count was ended by {row.ended_by}, so nothing more is written in it. Begin another.", code="count_ended")  # fmt: skip


def _item_scanned(visit: Visit, take: StockTake, item: Item, code: str) -> Scanned:
    before = take.scans.filter(item=item).first()
    if before is not None:
        return Scanned(before.found, f"{item.tag} was scanned already.", is_new=False)
    piece = piece_out(item)
    found = found_as(item, piece, take.place)
    StockTakeScan.objects.create(take=take, item=item, code=code[:120], found=found, by=visit.by[:120])
    words = {
        FoundAs.HERE: f"{item.tag} is seen.",
        FoundAs.ELSEWHERE: f"{item.tag} belongs at {item.place or 'no place'} by the books.",
        FoundAs.OUT: f"{item.tag} is on loan by the books, and stands here. Take it back at the desk.",
        FoundAs.GONE: f"{item.tag} is {item.get_status_display().lower()} by the books, and stands here.",
    }
    return Scanned(found, words[found])


def _kit_scanned(visit: Visit, take: StockTake, kit: Kit, whole_kit: bool) -> Scanned:
    items = [slot.item for slot in kit.slots.select_related("item__product") if slot.item is not None]
    if not whole_kit:
        said = f"{kit.tag} is a kit with {len(items)} items of its own. Open it and scan each, or count them by the kit."  # fmt: skip
        return Scanned("", said, is_new=False, kit=kit)
    done = [_item_scanned(visit, take, item, kit.tag) for item in items]
    odd = [one.sentence for one in done if one.found != FoundAs.HERE]
    return Scanned(
        next((one.found for one in done if one.found != FoundAs.HERE), FoundAs.HERE),
        " ".join([f"{len(done)} items of {kit.tag} are counted.", *odd[:4]]),
        is_new=any(one.is_new for one in done),
    )


def _unknown(visit: Visit, take: StockTake, code: str, sentence: str) -> Scanned:
    code = code.replace("\x00", "")[:120]
    _, is_new = take.scans.get_or_create(take=take, item=None, code=code, defaults={"found": FoundAs.UNKNOWN, "by": visit.by[:120]})  # fmt: skip
    return Scanned(FoundAs.UNKNOWN, sentence, is_new=is_new)


def take_end(*, visit: Visit, take: StockTake) -> StockTake:
    """Close the count and keep what it came to; each item notes that it was seen, or not. A second end changes nothing. Raises NotHere."""
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = take_for(visit, take.pk)
        if row.ended_at is not None:
            return row
        result = outcome_of(row)
        row.result, row.ended_at, row.ended_by = result.to_json(), timezone.now(), visit.by[:120]
        row.save(update_fields=["result", "ended_at", "ended_by"])
        _note(visit, stockroom, row, result)
    return row


def _note(visit: Visit, stockroom: Stockroom, row: StockTake, result: Outcome) -> None:
    ledger, place = Ledger(stockroom, visit.by, f"count {row.pk}"), place_words(row.place)
    words = {
        f"seen: {place}": (*result.seen, *result.extra),
        f"not seen: {place}": result.missing,
        f"found: {place}": (*result.elsewhere, *result.out, *result.found),
    }
    said = {line.item: text for text, lines in words.items() for line in lines}
    for item in Item.objects.filter(pk__in=said).select_related("product").order_by("tag"):
        ledger.note(item.product, "counted", "", said[item.pk], item=item)
    ledger.save()


def take_drop(*, visit: Visit, take: StockTake) -> None:
    """Forget a count that was begun by mistake. Raises Conflict (`has_scans`, `count_ended`), NotHere."""
    with transaction.atomic():
        stockroom_locked(visit)
        row = take_for(visit, take.pk)
        _check_open(row)
        if row.scans.exists():
            raise Conflict("Something was scanned already. End the count; what it found is kept.", code="has_scans")
        row.delete()


def take_settle(
    *, visit: Visit, take: StockTake, lost: Collection[int] = (), moved: Collection[int] = (), found: Collection[int] = ()
) -> int:  # fmt: skip
    """Do what was ticked in the result: all of it, or nothing. Returns how many items changed; what is so already is left.

    Args:
        lost: missing items to be reported as lost. moved: items found here that belong here from now on.
        found: items that were lost or retired and go back into service. All by their keys.

    Raises:
        Conflict: `count_running`, `on_loan`, `has_case`. BadInput: `not_in_result`. NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = take_for(visit, take.pk)
        if row.ended_at is None:
            raise Conflict("End the count first; then choose what follows from it.", code="count_running")
        result = outcome_of(row)
        why = f"count of {place_words(row.place)} on {timezone.localtime(row.ended_at, visit.course.tz):%Y-%m-%d}"
        done = 0
        for item in _ticked(row, result.missing, lost):
            done += _moved(visit, item, Item.Status.LOST, f"not seen: {why}")
        for item in _ticked(row, result.found, found):
            if item.status in OUT_OF_BOOKS:
                done += _moved(visit, item, Item.Status.IN_SERVICE, f"found: {why}")
        ledger = Ledger(stockroom, visit.by, f"found: {why}")
        for item in _ticked(row, result.elsewhere if row.place else [], moved):
            if not is_at(item, row.place) and ledger.set(item, {"place": row.place}):
                item.save(update_fields=["place"])
                done += 1
        ledger.save()
    return done


def _ticked(take: StockTake, lines: Collection[Line], keys: Collection[int]) -> list[Item]:
    """Raises BadInput (`not_in_result`)."""
    wanted = set(keys)
    if not wanted <= {line.item for line in lines}:
        raise BadInput("Something was ticked that this count did not find. Open the result again.", code="not_in_result")  # fmt: skip
    return list(Item.objects.filter(pk__in=wanted, stockroom=take.stockroom_id).select_related("product").order_by("tag"))  # fmt: skip


def _moved(visit: Visit, item: Item, to: Item.Status, why: str) -> bool:
    if item.status == to or (to == Item.Status.LOST and item.status in OUT_OF_BOOKS):
        return False
    item_move(visit=visit, item=item, to=to, why=why)
    return True
