"""What every service of the stock shares: the lock, and the events that are written with a change."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from courseplatform.core.errors import Conflict
from courseplatform.courses.access import Visit
from hardware.inventory.access import no_stockroom
from hardware.models import Item, Product, StockEvent, Stockroom

STALE = "Somebody changed this meanwhile, so nothing was written. Look at it again, and change it then."


def stockroom_locked(visit: Visit) -> Stockroom:
    """One writer a stockroom: what is checked for a tag or a serial number still holds when it is written. Raises NotHere."""
    found = Stockroom.objects.select_for_update(of=("self",)).filter(courses__course=visit.course).first()
    if found is None:
        raise no_stockroom()
    return found


def stockroom_row_locked(pk: int) -> Stockroom:
    """The same lock for what acts for no course: a sweep, a runner."""
    return Stockroom.objects.select_for_update().get(pk=pk)


def shown(value: Any) -> str:
    """A value as history and exports write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


class Ledger:
    """Events of one change, kept until the rows they speak of are written."""

    def __init__(self, stockroom: Stockroom, by: str, why: str = "") -> None:
        self.stockroom, self.by, self.why = stockroom, by[:120], why[:300]
        self.events: list[StockEvent] = []

    def note(
        self, product: Product, what: str, before: Any, after: Any, *, item: Item | None = None, change: int | None = None, key: UUID | None = None
    ) -> None:  # fmt: skip
        self.events.append(
            StockEvent(
                stockroom=self.stockroom, product=product, item=item, by=self.by, why=self.why, what=what,
                before=shown(before)[:600], after=shown(after)[:600], change=change, key=key,
            )
        )  # fmt: skip

    def set(self, row: Product | Item, values: Mapping[str, Any]) -> list[str]:
        """Give the row its new values and note each that differs. Returns the names of these; the row is not saved."""
        item = row if isinstance(row, Item) else None
        changed = []
        for name, new in values.items():
            old = getattr(row, name)
            if shown(old) != shown(new):
                setattr(row, name, new)
                changed.append(name)
                self.note(row.product if isinstance(row, Item) else row, name, old, new, item=item)
        return changed

    def save(self) -> None:
        StockEvent.objects.bulk_create(self.events, batch_size=500)
        self.events = []


def last_event(row: Product | Item) -> int:
    """What a form has seen, so that two people do not overwrite each other."""
    found = row.events.all() if isinstance(row, Item) else row.events.filter(item=None)
    return found.values_list("pk", flat=True).first() or 0


def check_seen(row: Product | Item, seen: int) -> None:
    """Raises Conflict (`changed_meanwhile`)."""
    if last_event(row) != seen:
        raise Conflict(STALE, code="changed_meanwhile")
