"""Items: added one by one or many at once, changed, and moved in and out of circulation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware.inventory.access import item_for, product_for
from hardware.inventory.ledger import Ledger, check_seen, stockroom_locked
from hardware.inventory.services.circulation import check_not_out, check_not_reserved, circulation_changed
from hardware.inventory.stock.rules import MOST_AT_ONCE, serial_of, tag_of
from hardware.models import CASE_OPEN, ITEM_MOVES, CaseStatus, DamageCase, Item, Kit, Product, Stockroom

Values = Mapping[str, Any]
FIELDS = ("product", "tag", "serial", "place", "condition", "value", "currency", "bought_on", "warranty_until", "note")
MOST_ITEMS = 5000  # of a stockroom


def items_add(
    *, visit: Visit, product: Product, tags: Sequence[str], serials: Sequence[str], values: Values
) -> list[Item]:
    """Add items of one product: all of them, or none.

    Args:
        serials: as many as tags and in their order, or none at all.
        values: what they have in common, by the names of FIELDS.

    Raises:
        BadInput: `bad_tag`, `bad_serial`, `wrong_number_of_serials`, `twice`, `too_many_tags`.
        Conflict: `counted_product`, `archived`, `tag_taken`, `serial_taken`, `too_many_items`.
    """
    tags, serials = [tag_of(tag) for tag in tags], [serial_of(serial) for serial in serials]
    if serials and len(serials) != len(tags):
        said = (
            f"There are {len(tags)} tags and {len(serials)} serial numbers. Write one a line, in the order of the tags."
        )
        raise BadInput(said, code="wrong_number_of_serials")
    if len(tags) > MOST_AT_ONCE:
        raise BadInput(f"At most {MOST_AT_ONCE} items are added at once.", code="too_many_tags")
    check_repeats("tag", tags)
    check_repeats("serial number", [serial.lower() for serial in serials if serial])
    common = {name: value for name, value in values.items() if name in FIELDS and name not in ("product", "tag", "serial")}  # fmt: skip
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        product = product_for(visit, product.pk)
        if product.is_counted:
            raise Conflict(f"{product.name} is only counted, so it has no items with tags.", code="counted_product")
        check_offered(product)
        check_tags(stockroom, tags)
        check_serials(product, [serial for serial in serials if serial])
        rows = [
            Item(stockroom=stockroom, product=product, tag=tag, serial=serial, **common)
            for tag, serial in zip(tags, serials or [""] * len(tags), strict=True)
        ]
        ledger = Ledger(stockroom, visit.by)
        made = items_write(ledger, rows)
        ledger.save()
        circulation_changed(ledger, made, timezone.now())
    return made


def check_offered(product: Product) -> None:
    """Raises Conflict (`archived`)."""
    if product.is_archived:
        raise Conflict(f"{product.name} is archived. Offer it again on its page first.", code="archived")


def items_write(ledger: Ledger, rows: list[Item]) -> list[Item]:
    """Inside the lock of the stockroom. Raises Conflict (`too_many_items`)."""
    if Item.objects.filter(stockroom=ledger.stockroom).count() + len(rows) > MOST_ITEMS:
        raise Conflict(f"A stockroom has at most {MOST_ITEMS} items.", code="too_many_items")
    made = Item.objects.bulk_create(rows, batch_size=500)
    for item in made:
        ledger.note(item.product, "added", "", item.tag, item=item)
    return made


def check_tags(stockroom: Stockroom, tags: Sequence[str]) -> None:
    """Of items and kits alike. Raises Conflict (`tag_taken`), also for tags of what is retired: its history is its own."""
    taken = sorted(
        {
            tag
            for table in (Item, Kit)
            for tag in table.objects.filter(stockroom=stockroom, tag__in=tags).values_list("tag", flat=True)
        }
    )
    if taken:
        verb = "is" if len(taken) == 1 else "are"
        raise Conflict(f"{listed(taken)} {verb} here already. Nothing was written; choose other tags.", code="tag_taken")  # fmt: skip


def check_serials(product: Product, serials: Sequence[str], item: Item | None = None) -> None:
    """Raises Conflict (`serial_taken`)."""
    lower = [serial.lower() for serial in serials if serial]
    found = product.items.annotate(lower=Lower("serial")).filter(lower__in=lower)
    if item is not None:
        found = found.exclude(pk=item.pk)
    taken = [f"{one.serial} ({one.tag})" for one in found.order_by("tag")]
    if taken:
        raise Conflict(f"Another {product.name} has this serial number already: {listed(taken)}. Nothing was written.", code="serial_taken")  # fmt: skip


def check_repeats(what: str, values: Sequence[str]) -> None:
    twice = [value for value, number in Counter(values).items() if number > 1]
    if twice:
        raise BadInput(f"This {what} stands twice: {listed(twice)}. Nothing was written.", code="twice")


def listed(words: Sequence[str]) -> str:
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")


def item_change(*, visit: Visit, item: Item, values: Values, seen: int) -> Item:
    """Raises BadInput (`no_change`, `bad_tag`, `bad_serial`), NotHere, Conflict (`changed_meanwhile`, `tag_taken`, `serial_taken`,
    `counted_product`, `archived`, `on_loan` and `reserved` where it would become another product)."""
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = item_for(visit, item.tag)
        check_seen(row, seen)
        new = {name: values[name] for name in FIELDS if name in values}
        if "tag" in new:
            new["tag"] = tag_of(new["tag"])
        if new.get("tag", row.tag) != row.tag:
            check_tags(stockroom, [new["tag"]])
        old, product = row.product, new.get("product", row.product)
        if product.pk != old.pk:
            check_offered(product)
            check_not_out(row, visit)
            check_not_reserved(row)
        if product.is_counted or product.stockroom_id != stockroom.pk:
            raise Conflict(f"{product.name} is only counted, so it has no items with tags.", code="counted_product")
        new["serial"] = serial_of(new.get("serial", row.serial))
        check_serials(product, [new["serial"]], row)
        ledger = Ledger(stockroom, visit.by, str(values.get("why", "")))
        changed = ledger.set(row, new)
        if not changed:
            raise BadInput(f"{row.tag} is so already; nothing is changed.", code="no_change")
        row.save(update_fields=changed)
        ledger.save()
        if "product" in changed:
            circulation_changed(ledger, [row], timezone.now(), products=[old])
    return row


def item_move(*, visit: Visit, item: Item, to: str, why: str) -> Item:
    """Take an item out of circulation, or put it back. What was promised is planned anew, and who loses it is told.

    Raises:
        BadInput: `unknown_state`. Conflict: `on_loan`, `has_case`. IllegalMove: `illegal_move`, `lost_race`. NotHere.
    """
    if to not in Item.Status.values:
        raise BadInput("Choose one of: in service, in repair, lost, retired.", code="unknown_state")
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = item_for(visit, item.tag)
        if row.status == to:
            return row
        check_not_out(row, visit)
        check_case(row, to)
        ledger = Ledger(stockroom, visit.by, why)
        status_write(ledger, row, to)
        ledger.save()
        circulation_changed(ledger, [row], timezone.now())
    return row


def check_case(row: Item, to: str) -> None:
    """What an open case decides is decided there, so that the two never say different things. Raises Conflict (`has_case`)."""
    case = row.cases.filter(status__in=CASE_OPEN).first()
    if case is not None and case_decides(case, to):
        raise Conflict(f"{row.tag} has an open damage case ({case.what}). Say on the case what becomes of it.", code="has_case")  # fmt: skip


def case_decides(case: DamageCase, to: str) -> bool:
    """Whether only the answer to this open case brings its item there."""
    return to != Item.Status.LOST and (to != Item.Status.IN_SERVICE or case.status != CaseStatus.OPEN)


def status_write(ledger: Ledger, row: Item, to: str) -> None:
    """Inside the lock. Raises IllegalMove."""
    before = row.status
    move(row, moves=ITEM_MOVES, to=to, by=ledger.by)
    ledger.note(row.product, "status", before, to, item=row)
