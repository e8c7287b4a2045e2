"""The catalogue: entries, their pictures, and the number of what is only counted."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q, Sum

from courseplatform.core.errors import BadInput, Conflict, TooLarge
from courseplatform.core.image_files import read_image, without_metadata
from courseplatform.core.leaving import file_leaves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import ScheduleChange
from hardware.course_devices import profiles_of
from hardware.inventory.access import product_for
from hardware.inventory.ledger import Ledger, check_seen, stockroom_locked
from hardware.inventory.services.items import listed
from hardware.inventory.stock.rules import MOST_COUNT, text_of
from hardware.models import RESERVATION_OPEN, Product, Stockroom

Values = Mapping[str, Any]
FIELDS = ("kind", "name", "maker", "sheet_url", "device", "note", "is_counted", "low_at")
MOST_PICTURE_BYTES = 2 << 20
MANY = {
    "line of the history of items": "lines of the history of items",
    "change of its number": "changes of its number",
    "place in a request for a kit": "places in requests for kits",
    "piece of a loan": "pieces of loans",
}
COUNT_ACTS = {"bought": 1, "back": 1, "given": -1, "lost": -1, "counted": 0}


def product_add(*, visit: Visit, values: Values) -> Product:
    """Raises BadInput (`unknown_device`), Conflict (`name_taken`)."""
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        check_device(visit, "", values)
        check_name(stockroom, str(values["name"]))
        product = Product.objects.create(stockroom=stockroom, **{name: values[name] for name in FIELDS if name in values})  # fmt: skip
        ledger = Ledger(stockroom, visit.by)
        ledger.note(product, "added", "", product.name)
        ledger.save()
    return product


def product_change(*, visit: Visit, product: Product, values: Values, seen: int) -> Product:
    """Raises BadInput (`no_change`, `unknown_device`), Conflict (`name_taken`, `changed_meanwhile`, `has_items`, `has_count`), NotHere."""
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = product_for(visit, product.pk)
        check_seen(row, seen)
        check_device(visit, row.device, values)
        check_name(stockroom, str(values.get("name", row.name)), row)
        if values.get("is_counted", row.is_counted) != row.is_counted:
            _check_counting(row)
        ledger = Ledger(stockroom, visit.by)
        changed = ledger.set(row, {name: values[name] for name in FIELDS if name in values})
        if not changed:
            raise BadInput("The entry is so already; nothing is changed.", code="no_change")
        row.save(update_fields=changed)
        ledger.save()
    return row


def check_name(stockroom: Stockroom, name: str, product: Product | None = None) -> None:
    """Compared here and not by the database: SQLite knows the capitals of ASCII alone. Raises Conflict (`name_taken`)."""
    others = Product.objects.filter(stockroom=stockroom).values_list("pk", "name")
    if any(one.lower() == name.lower() for pk, one in others if product is None or pk != product.pk):
        raise Conflict(f"The catalogue has an entry {name} already.", code="name_taken")


def check_device(visit: Visit, old: str, values: Values) -> None:
    slug = values.get("device", "")
    if slug and slug != old and slug not in profiles_of(visit.course):
        raise BadInput(
            f"There is no device profile {slug}. The page Device profiles lists them.", code="unknown_device"
        )


def _check_counting(row: Product) -> None:
    if row.items.exists():
        raise Conflict(f"{row.name} has items with tags, so it cannot be only counted.", code="has_items")
    if balance_of(row):
        raise Conflict(f"{row.name} has a stock by number. Count it as 0 first, then give it tags.", code="has_count")


def product_picture_set(*, visit: Visit, product: Product, name: str, content: bytes) -> Product:
    """Keep a small picture under a name of ours, checked by its bytes, without what the camera wrote into it.

    Raises what image_files refuses, TooLarge (`picture_too_large`), NotHere.
    """
    facts = read_image(content, name[:80] or "The picture")
    if len(content) > MOST_PICTURE_BYTES:
        raise TooLarge(f"A picture has at most {MOST_PICTURE_BYTES >> 20} MiB. Save it smaller: 800 pixels are enough.", code="picture_too_large")  # fmt: skip
    content = without_metadata(content)
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = product_for(visit, product.pk)
        before, row.picture_type = row.picture.name, facts.media_type
        ledger = Ledger(stockroom, visit.by)
        ledger.note(row, "picture", "one" if before else "", f"{facts.width} x {facts.height}, {sha256(content).hexdigest()[:12]}")  # fmt: skip
        row.picture.save("picture", ContentFile(content), save=False)
        try:
            row.save(update_fields=["picture", "picture_type"])
            ledger.save()
        except BaseException:
            row.picture.delete(save=False)
            raise
        file_leaves(before or "")
    return row


def balance_of(product: Product) -> int:
    """How many there are of what is only counted."""
    return product.events.filter(what="count").aggregate(sum=Sum("change"))["sum"] or 0


def count_record(*, visit: Visit, product: Product, act: str, number: int, note: str, key: UUID) -> int:
    """Record what came, went or was found there. act: a key of COUNT_ACTS. The same key again changes nothing. Returns the balance.

    Raises:
        BadInput: `unknown_act`, `bad_count`. Conflict: `not_counted`, `not_enough`.
    """
    if act not in COUNT_ACTS:
        raise BadInput("Choose what happened: bought, back, given, lost, or counted.", code="unknown_act")
    if not (0 if act == "counted" else 1) <= number <= MOST_COUNT:
        raise BadInput(f"Write a number of pieces from 1 to {MOST_COUNT}.", code="bad_count")
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = product_for(visit, product.pk)
        if not row.is_counted:
            raise Conflict(f"{row.name} has items with tags; its number is theirs.", code="not_counted")
        balance = balance_of(row)
        if row.events.filter(key=key).exists():
            return balance
        after = number if act == "counted" else balance + COUNT_ACTS[act] * number
        if after < 0:
            said = (
                f"There are {balance} of {row.name}, so {number} cannot go. Count the shelf, and write what is there."
            )
            raise Conflict(said, code="not_enough")
        ledger = Ledger(stockroom, visit.by, f"{act}: {note}" if note else act)
        ledger.note(row, "count", balance, after, change=after - balance, key=key)
        ledger.save()
    return after


def product_delete(*, visit: Visit, product: Product) -> None:
    """Take an entry that was never used out of the catalogue; the course keeps a line that says so. Raises Conflict (`in_use`), NotHere."""
    with transaction.atomic():
        stockroom_locked(visit)
        row = product_for(visit, product.pk)
        check_never_used(row)
        file_leaves(row.picture.name or "")
        row.delete()
        said = f"{row.name}, which was never used, is no longer in the catalogue of the hardware."
        ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=said)


def check_never_used(row: Product) -> None:
    """Raises Conflict (`in_use`) with what refers to it, also what once did: items that belong to another entry now had lines under this one."""
    found = {
        "item": row.items.count(), "line of the history of items": row.events.exclude(item=None).count(),
        "change of its number": row.events.filter(what="count").count(), "kit": row.kit_slots.count(),
        "request": row.reservations.count(), "place in a request for a kit": row.bookings.filter(reservation__product=None, piece=None).count(),
        "piece of a loan": row.loan_pieces.count(),
    }  # fmt: skip
    words = [
        f"{number} {what if number == 1 else MANY.get(what, f'{what}s')}" for what, number in found.items() if number
    ]
    if words:
        raise Conflict(f"{row.name} was used: {', '.join(words)}. Archive it, and its history stays.", code="in_use")


def product_archive(*, visit: Visit, product: Product, why: str = "") -> Product:
    """Offer it no more. What is out stays out and is taken back; its items and its history stay.

    Raises BadInput (`too_long`), Conflict (`product_reserved`, `in_kit`), NotHere.
    """
    return _archived_write(visit, product, text_of(why, 200), archived=True)


def product_restore(*, visit: Visit, product: Product) -> Product:
    """Offer it again. Raises NotHere."""
    return _archived_write(visit, product, "", archived=False)


def check_may_archive(row: Product) -> None:
    """Raises Conflict (`product_reserved`, `in_kit`)."""
    asked = row.reservations.filter(status__in=RESERVATION_OPEN).count()
    if asked:
        words = "1 request is" if asked == 1 else f"{asked} requests are"
        raise Conflict(f"{words} open for {row.name}. Answer, decline or cancel first.", code="product_reserved")
    kits = row.stockroom.kits.filter(Q(slots__product=row) | Q(slots__item__product=row), is_retired=False).distinct()
    if tags := list(kits.values_list("tag", flat=True)):
        raise Conflict(f"{row.name} is a part of {listed(tags)}. Take it out there first.", code="in_kit")


def _archived_write(visit: Visit, product: Product, why: str, *, archived: bool) -> Product:
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = product_for(visit, product.pk)
        if row.is_archived == archived:
            return row
        if archived:
            check_may_archive(row)
        ledger = Ledger(stockroom, visit.by, why)
        row.save(update_fields=ledger.set(row, {"is_archived": archived}))
        ledger.save()
    return row
