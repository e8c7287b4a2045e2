"""A list of kits: read once, looked at, and applied exactly as it was looked at, in one transaction."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import AppError, Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware.inventory.access import stockroom_for
from hardware.inventory.kits.plan import KitLine, KitPlan, kit_plan_make
from hardware.inventory.ledger import stockroom_locked
from hardware.inventory.services.imports import STALE
from hardware.inventory.services.kits import kit_add, kit_change, last_kit_event
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED
from hardware.inventory.stock.reading import KITS, StockRow, parse
from hardware.models import StockImport, StockImportMove
from hardware.models.stock import IMPORT_MOVES

OF_KITS = "kits"


def kit_import_create(*, visit: Visit, data: bytes, file_name: str = "") -> StockImport:
    """Read a list of kits into a preview; the file itself is not kept. Raises as `parse` does, NotHere (`no_stockroom`)."""
    stockroom, parsed = stockroom_for(visit), parse(data, KITS)
    found: Any = {
        "of": OF_KITS, "shape": parsed.shape, "encoding": parsed.encoding, "used": parsed.used, "unread": parsed.unread[:200],
    }  # fmt: skip
    rows: Any = [row.to_json() for row in parsed.rows]
    return StockImport.objects.create(stockroom=stockroom, made_by=visit.person, file_name=file_name[:120], found=found, rows=rows)  # fmt: skip


def is_of_kits(stock_import: StockImport) -> bool:
    return bool(stock_import.found.get("of") == OF_KITS)


def kit_plan_of(stock_import: StockImport) -> KitPlan:
    return kit_plan_make(stock_import.stockroom, [StockRow.of_json(row) for row in stock_import.rows])


def kit_import_apply(*, visit: Visit, stock_import: StockImport, digest: str) -> StockImport:
    """Do what the preview with this digest said. Refused kits are left out; applying again changes nothing and gives the same row.

    Raises:
        Conflict: `stale_preview` when the stock changed since; what `kits_add` and `kit_change` refuse, such as `part_promised` and
            `kit_reserved`, with the kit named. Then nothing is written. NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        found = StockImport.objects.select_related("stockroom").get(pk=stock_import.pk, stockroom=stockroom)
        if found.status == StockImport.Status.APPLIED:
            return found
        plan = kit_plan_of(found)
        if plan.digest != digest:
            raise Conflict(STALE, code="stale_preview")
        for one in plan.of(NEW, CHANGED):
            _write(visit, one)
        refused = [list(fault) for one in plan.of(REFUSED) for fault in one.faults]
        result: Any = {**Counter(one.verdict for one in plan.kits), "refused_rows": refused[:200]}
        return move(
            found, moves=IMPORT_MOVES, to=StockImport.Status.APPLIED, by=visit.by, history=StockImportMove, result=result, applied_at=timezone.now()
        )  # fmt: skip


def _write(visit: Visit, one: KitLine) -> None:
    try:
        if one.kit is None:
            kit_add(visit=visit, tag=one.tag, name=one.name, note=one.note or "", parts=one.parts)
            return
        values = {"name": one.name} | ({} if one.note is None else {"note": one.note})
        parts = one.parts if one.changes_parts else None
        kit_change(visit=visit, kit=one.kit, values=values, parts=parts, seen=last_kit_event(one.kit))
    except AppError as error:
        raise Conflict(f"{one.tag}, line {one.rows[0].line}: {error.message} Nothing of the list was written.", code=error.code) from error  # fmt: skip
