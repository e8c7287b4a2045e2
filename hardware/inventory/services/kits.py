"""Kits: made one by one or many at once, changed, given up and taken into use again.

A fixed part of a kit in use is lent with the kit alone, so whatever joins or leaves one changes what can be promised; that is planned anew
in the same transaction, and refused where a promise would be broken.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from hardware.inventory.access import kit_for
from hardware.inventory.kits.contents import borrower_of, kit_slots, kit_wants
from hardware.inventory.ledger import STALE, Ledger, stockroom_locked
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.bookings import Want, book, release
from hardware.inventory.services.circulation import promises_replan
from hardware.inventory.services.items import check_offered, check_repeats, check_tags, listed
from hardware.inventory.services.waiting import waiting_serve
from hardware.inventory.stock.rules import MOST_AT_ONCE, tag_of, text_of
from hardware.models import HOLDS, Item, Kit, KitEvent, KitSlot, LoanPiece, Product, Reservation, Stockroom

MOST_KITS, MOST_PARTS, MOST_OF_ONE = 1000, 60, 99  # of a stockroom, of a kit, of a product in a kit
A_SENTENCE = 300


@dataclass(frozen=True)
class Part:
    """What one slot of each kit holds. tags: an item for each of the kits, in their order. Otherwise so many of a product, by its key."""

    tags: tuple[str, ...] = ()
    product: int | None = None
    count: int = 1


@dataclass(frozen=True)
class Content:
    """What one kit shall hold at one place: an item, or so many of a product."""

    item: Item | None
    product: Product | None
    count: int

    @property
    def key(self) -> tuple[int | None, int | None]:
        return (self.item.pk if self.item else None, self.product.pk if self.product else None)

    @property
    def words(self) -> str:
        return self.item.tag if self.item else f"{self.count} x {self.product}"


def kit_add(*, visit: Visit, tag: str, name: str, note: str = "", parts: Sequence[Part]) -> Kit:
    """Raises as `kits_add` does."""
    return kits_add(visit=visit, tags=[tag], name=name, note=note, parts=parts)[0]


def kits_add(*, visit: Visit, tags: Sequence[str], name: str, note: str = "", parts: Sequence[Part]) -> list[Kit]:
    """Make kits that are alike but for their fixed parts: all of them, or none.

    Raises:
        BadInput: `bad_tag`, `twice`, `too_many_tags`, `no_name`, `too_long`, `no_parts`, `too_many_parts`, `bad_count`,
            `wrong_number_of_parts`, `unknown_tag`, `unknown_product`.
        Conflict: `tag_taken`, `too_many_kits`, `in_other_kit`, `retired_part`, `archived`, `part_out`, `part_promised`. NotHere.
    """
    tags, name, note = [tag_of(tag) for tag in tags], _name_of(name), text_of(note, 500)
    if not 1 <= len(tags) <= MOST_AT_ONCE:
        raise BadInput(f"At most {MOST_AT_ONCE} kits are made at once.", code="too_many_tags")
    check_repeats("tag", tags)
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        check_tags(stockroom, tags)
        if stockroom.kits.count() + len(tags) > MOST_KITS:
            raise Conflict(f"A stockroom has at most {MOST_KITS} kits.", code="too_many_kits")
        contents = _contents(stockroom, parts, len(tags))
        kits = Kit.objects.bulk_create([Kit(stockroom=stockroom, tag=tag, name=name, note=note) for tag in tags])
        writer = _Writer(Ledger(stockroom, visit.by))
        for kit, wanted in zip(kits, contents, strict=True):
            writer.say(kit, "Made with", [one.words for one in wanted])
            writer.fill(kit, wanted)
        writer.save()
    return kits


def kit_change(*, visit: Visit, kit: Kit, values: Mapping[str, Any], parts: Sequence[Part] | None, seen: int) -> Kit:
    """Change name, note and parts. parts: all of them, in their order; None leaves them. Reservations of the kit are booked anew.

    Raises:
        BadInput: `no_change`, or as `kits_add`. NotHere.
        Conflict: `changed_meanwhile`, `kit_out` (its parts, while any of it is out), `kit_reserved` (it could not be handed over
            with these parts to who has it reserved), or as `kits_add`.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = kit_for(visit, kit.tag)
        if last_kit_event(row) != seen:
            raise Conflict(STALE, code="changed_meanwhile")
        writer = _Writer(Ledger(stockroom, visit.by))
        new = {
            "name": _name_of(str(values.get("name", row.name))),
            "note": text_of(str(values.get("note", row.note)), 500),
        }
        for field, value in new.items():
            if (old := getattr(row, field)) != value:
                writer.say(row, f"The {field} was:", wrap(old, A_SENTENCE - 40) or ["empty"])
                setattr(row, field, value)
        row.save(update_fields=list(new))
        if parts is not None:
            (wanted,) = _contents(stockroom, parts, 1)
            writer.change(row, wanted)
        if not writer.events:
            raise BadInput(f"{row.tag} is so already; nothing is changed.", code="no_change")
        writer.save()
    return row


def kit_retire(*, visit: Visit, kit: Kit, why: str = "") -> Kit:
    """Give it up: its parts can be lent one by one again, and its tag stays taken.

    Raises Conflict (`kit_out`, `kit_reserved`), BadInput (`too_long`), NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = kit_for(visit, kit.tag)
        if row.is_retired:
            return row
        check_may_retire(row)
        why = text_of(why, 200)
        _retired_write(_Writer(Ledger(stockroom, visit.by)), row, f"Retired: {why}" if why else "Retired", retired=True)
    return row


def kit_restore(*, visit: Visit, kit: Kit) -> Kit:
    """Take it into use again, with the parts that did not go elsewhere meanwhile. Raises Conflict (`part_promised`), NotHere."""
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = kit_for(visit, kit.tag)
        if row.is_retired:
            _retired_write(_Writer(Ledger(stockroom, visit.by)), row, "In use again", retired=False)
    return row


def _retired_write(writer: "_Writer", row: Kit, sentence: str, *, retired: bool) -> None:
    row.is_retired = retired
    row.save(update_fields=["is_retired"])
    writer.say(row, sentence, [])
    for item in [slot.item for slot in kit_slots(row) if slot.item is not None]:
        writer.moved(item, row.tag if retired else "", "" if retired else row.tag)
    writer.save()


def last_kit_event(kit: Kit) -> int:
    """What a form has seen, so that two people do not overwrite each other."""
    return kit.events.values_list("pk", flat=True).first() or 0


def _name_of(text: str) -> str:
    name = text_of(text, 80)
    if not name:
        raise BadInput("A kit needs a name, as people call it: Vision kit.", code="no_name")
    return name


def _contents(stockroom: Stockroom, parts: Sequence[Part], number: int) -> list[list[Content]]:
    """What each of so many kits shall hold. Raises BadInput, and Conflict (`retired_part`)."""
    if not parts:
        raise BadInput("A kit has at least one part. Scan or type a tag, or choose a product.", code="no_parts")
    if len(parts) > MOST_PARTS:
        raise BadInput(f"A kit has at most {MOST_PARTS} parts.", code="too_many_parts")
    wrong = next((part for part in parts if part.product is None and len(part.tags) != number), None)
    if wrong is not None:
        said = f"{listed(wrong.tags)}: {len(wrong.tags)} for {number} kit{'' if number == 1 else 's'}. Each kit needs a fixed part of its own."
        raise BadInput(said, code="wrong_number_of_parts")
    items = _items(stockroom, [tag_of(tag) for part in parts if part.product is None for tag in part.tags])
    products = _products(stockroom, parts)
    return [
        [
            Content(items[tag_of(part.tags[place])], None, 1) if part.product is None else Content(None, products[part.product], part.count)
            for part in parts
        ]
        for place in range(number)
    ]  # fmt: skip


def _items(stockroom: Stockroom, tags: Sequence[str]) -> dict[str, Item]:
    check_repeats("tag", tags)
    found = {one.tag: one for one in Item.objects.filter(stockroom=stockroom, tag__in=tags).select_related("product")}
    missing = [tag for tag in tags if tag not in found]
    if missing:
        raise BadInput(f"No item here has the tag {listed(missing)}. Nothing was written.", code="unknown_tag")
    retired = [tag for tag in tags if found[tag].status == Item.Status.RETIRED]
    if retired:
        raise Conflict(f"{listed(retired)}: retired, so it is no part of a kit. Put it back into service first.", code="retired_part")  # fmt: skip
    return found


def _products(stockroom: Stockroom, parts: Sequence[Part]) -> dict[int, Product]:
    wanted = [part.product for part in parts if part.product is not None]
    found = {row.pk: row for row in Product.objects.filter(stockroom=stockroom, pk__in=wanted)}
    if any(key not in found for key in wanted):
        raise BadInput("Choose a product of this catalogue.", code="unknown_product")
    check_repeats("product", [found[key].name for key in wanted])
    for one in found.values():
        check_offered(one)
    if any(not 1 <= part.count <= MOST_OF_ONE for part in parts):
        raise BadInput(f"A kit has 1 to {MOST_OF_ONE} of a product.", code="bad_count")
    return found


def check_back(kit: Kit) -> None:
    """Raises Conflict (`kit_out`)."""
    out = list(kit.loan_pieces.filter(back_at=None).select_related("loan__team", "loan__person"))
    if out:
        pieces = f"{len(out)} piece{'' if len(out) == 1 else 's'}"
        raise Conflict(f"{kit.tag} is out with {borrower_of(out[0])}: {pieces}. Take it back first.", code="kit_out")


def check_may_retire(kit: Kit) -> None:
    """Raises Conflict (`kit_out`, `kit_reserved`)."""
    check_back(kit)
    if (held := _held(kit)) is not None:
        raise Conflict(f"{kit.tag} is reserved for {_who(held)}. Decline or cancel that first.", code="kit_reserved")


def _held(kit: Kit) -> Reservation | None:
    return kit.reservations.filter(status__in=HOLDS).select_related("team", "person").first()


def _who(row: Reservation) -> str:
    return Borrower.of(row).words


class _Writer:
    """Writes slots with their history, inside the lock of the stockroom; `save` plans anew what became free or was taken away."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.now = ledger, timezone.now()
        self.events: list[KitEvent] = []
        self.touched: dict[int, Product] = {}
        self.joined: list[str] = []
        self.reserved: list[Kit] = []

    def say(self, kit: Kit, head: str, names: Iterable[str]) -> None:
        """In as many sentences as it needs: a line of history has an end."""
        lines = [head]
        for name in names:
            line = f"{lines[-1]}{' ' if lines[-1] == head else ', '}{name}"
            lines[-1:] = [line] if len(line) < A_SENTENCE else [lines[-1], f"{head} {name}"]
        self.events += [KitEvent(kit=kit, by=self.ledger.by, sentence=f"{line}.") for line in lines]

    def moved(self, item: Item, before: str, after: str) -> None:
        self.ledger.note(item.product, "kit", before, after, item=item)
        self.touched[item.product_id] = item.product
        self.joined += [item.tag] if after else []

    def change(self, kit: Kit, wanted: Sequence[Content]) -> None:
        """Raises Conflict (`kit_out`), and as `fill`."""
        old = {Content(slot.item, slot.product, slot.count).key: slot for slot in kit_slots(kit)}
        new = {one.key: one for one in wanted}
        left = [slot for key, slot in old.items() if key not in new]
        joined = [one for key, one in new.items() if key not in old]
        other = [one for key, one in new.items() if key in old and old[key].count != one.count]
        for head, names in (
            ("Left:", [Content(slot.item, slot.product, slot.count).words for slot in left]),
            ("Joined:", [one.words for one in joined]), ("Now:", [one.words for one in other]),
        ):  # fmt: skip
            if names:
                self.say(kit, head, names)
        if not (left or joined or other):
            return
        check_back(kit)
        KitSlot.objects.filter(pk__in=[slot.pk for slot in left]).delete()
        for slot in left:
            if slot.item is not None and not kit.is_retired:
                self.moved(slot.item, kit.tag, "")
        for place, one in enumerate(wanted):
            KitSlot.objects.filter(kit=kit, item=one.item, product=one.product).update(count=one.count, position=place)
        self.fill(kit, joined, places={one.key: place for place, one in enumerate(wanted)})
        self.reserved.append(kit)

    def fill(self, kit: Kit, contents: Sequence[Content], places: Mapping[Any, int] | None = None) -> None:
        """Raises Conflict (`in_other_kit`, `part_out`)."""
        items = [one.item for one in contents if one.item is not None]
        self._take_out_of_retired_kits(kit, items)
        out = (
            LoanPiece.objects.filter(back_at=None, item__in=items)
            .select_related("item", "loan__team", "loan__person")
            .first()
        )
        if out is not None:
            raise Conflict(
                f"{out.item} is out with {borrower_of(out)}. It can join a kit when it is back.", code="part_out"
            )
        KitSlot.objects.bulk_create(
            KitSlot(
                kit=kit,
                position=places[one.key] if places else place,
                item=one.item,
                product=one.product,
                count=one.count,
            )
            for place, one in enumerate(contents)
        )
        for item in items if not kit.is_retired else []:
            self.moved(item, "", kit.tag)

    def _take_out_of_retired_kits(self, kit: Kit, items: Sequence[Item]) -> None:
        held = list(KitSlot.objects.filter(item__in=items).select_related("kit", "item"))
        in_use = [f"{slot.item} is part of {slot.kit.tag}" for slot in held if not slot.kit.is_retired]
        if in_use:
            raise Conflict(f"{listed(in_use)}. Take it out there first. Nothing was written.", code="in_other_kit")
        for slot in held:
            self.say(slot.kit, f"{slot.item} went to {kit.tag}", [])
        KitSlot.objects.filter(pk__in=[slot.pk for slot in held]).delete()

    def save(self) -> None:
        """Raises Conflict (`part_promised`, `kit_reserved`)."""
        KitEvent.objects.bulk_create(self.events)
        self.ledger.save()
        reservations = list(
            Reservation.objects.filter(kit__in=self.reserved, status__in=HOLDS).select_related("kit", "team", "person")
        )
        wanted = {row.pk: self._let_go(row) for row in reservations}
        lost = promises_replan(self.touched.values(), self.now).lost
        if lost:
            numbers = Counter(row.product.name for row in lost)
            promised = ", ".join(f"{number} x {name}" for name, number in numbers.items())
            said = f"{listed(self.joined)} cannot be part of a kit now: {promised} would be promised to somebody and not there."
            raise Conflict(f"{said} Decline that first, or take another item.", code="part_promised")
        freed = {want.product.pk: want.product for wants in wanted.values() for want in wants} | self.touched
        for row in reservations:
            self._book_again(row, wanted[row.pk])
        waiting_serve(self.ledger.stockroom, freed.values(), now=self.now)

    def _let_go(self, row: Reservation) -> list[Want]:
        """What left the kit is held no more; what stayed in it is not let go for a moment. Returns what has to be booked beside it."""
        assert row.kit is not None
        held, missing = list(row.bookings.filter(is_active=True).select_related("product")), []
        for want in kit_wants(row.kit, row.from_at, row.until_at):
            item = want.item.pk if want.item else None
            same = (
                one
                for one in held
                if one.product_id == want.product.pk and (one.item_id if one.is_pinned else None) == item
            )
            if (found := next(same, None)) is None:
                missing.append(want)
            else:
                held.remove(found)
        release(held, now=self.now)
        self.touched |= {one.product_id: one.product for one in held}
        return missing

    def _book_again(self, row: Reservation, missing: Sequence[Want]) -> None:
        assert row.kit is not None
        try:
            book(self.ledger.stockroom, missing, now=self.now, reservation=row)
        except Conflict as error:
            said = f"{row.kit.tag} is reserved for {_who(row)}, who could not have it with these parts. {error.message}"
            raise Conflict(said, code="kit_reserved") from error
