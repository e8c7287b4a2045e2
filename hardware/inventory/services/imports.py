"""A file of the stock: read once, looked at, applied exactly as it was looked at, in one transaction."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from hardware.course_devices import profiles_of
from hardware.inventory.access import stockroom_for
from hardware.inventory.ledger import Ledger, stockroom_locked
from hardware.inventory.services.circulation import circulation_changed
from hardware.inventory.services.items import items_write, status_write
from hardware.inventory.stock.plan import REFUSED, Line, Plan, ProductPlan, plan_make
from hardware.inventory.stock.reading import StockRow, parse
from hardware.models import Item, Product, StockImport, StockImportMove
from hardware.models.stock import IMPORT_MOVES

STALE = (
    "The stock changed since this preview was shown, so nothing was written. Look at the new preview, and apply that."
)


def stock_import_create(*, visit: Visit, data: bytes, file_name: str = "") -> StockImport:
    """Read a file into a preview; the file itself is not kept. Raises as `parse` does, NotHere (`no_stockroom`)."""
    stockroom, parsed = stockroom_for(visit), parse(data)
    found: Any = {
        "shape": parsed.shape,
        "encoding": parsed.encoding,
        "used": parsed.used,
        "unread": parsed.unread[:200],
    }
    rows: Any = [row.to_json() for row in parsed.rows]
    made_by = visit.person if visit.person.pk else None  # the command at the machine has no account
    return StockImport.objects.create(stockroom=stockroom, made_by=made_by, file_name=file_name[:120], found=found, rows=rows)  # fmt: skip


def plan_of(visit: Visit, stock_import: StockImport) -> Plan:
    rows = [StockRow.of_json(row) for row in stock_import.rows]
    return plan_make(stock_import.stockroom, rows, frozenset(profiles_of(visit.course)))


def stock_import_apply(*, visit: Visit, stock_import: StockImport, digest: str) -> StockImport:
    """Do what the preview with this digest said. Refused rows are left out; applying again changes nothing and gives the same row.

    Raises:
        Conflict: `stale_preview` when the stock changed since, `too_many_items`. NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        found = StockImport.objects.select_related("stockroom").get(pk=stock_import.pk, stockroom=stockroom)
        if found.status == StockImport.Status.APPLIED:
            return found
        plan = plan_of(visit, found)
        if plan.digest != digest:
            raise Conflict(STALE, code="stale_preview")
        _Writer(Ledger(stockroom, visit.by, f"import {found.pk}"), plan).write()
        refused = [[line.row.line, *fault] for line in plan.of(REFUSED) for fault in line.row.faults]
        counts = Counter(line.verdict for line in plan.lines)
        result: Any = {**counts, "refused_rows": refused[:200]}
        return move(
            found, moves=IMPORT_MOVES, to=StockImport.Status.APPLIED, by=visit.by, history=StockImportMove, result=result, applied_at=timezone.now()
        )  # fmt: skip


class _Writer:
    """Writes a plan in few statements, inside the transaction and the lock of `stock_import_apply`."""

    def __init__(self, ledger: Ledger, plan: Plan) -> None:
        self.ledger, self.plan = ledger, plan
        self.products: dict[str, Product] = {}
        self.left: list[Product] = []  # what items were before that are of another product now

    def write(self) -> None:
        lines = [line for line in self.plan.lines if line.verdict != REFUSED]
        for one in self.plan.products:
            self.products[one.name] = self._product(one)
        new = [line for line in lines if "tag" in line.row.cells and line.item is None]
        made = items_write(self.ledger, [self._item(line) for line in new])
        moved = self._change([line for line in lines if line.item is not None and line.changes])
        for line in lines:
            self._count(line)
        self.ledger.save()
        circulation_changed(self.ledger, [*made, *moved], timezone.now(), products=self.left)

    def _product(self, one: ProductPlan) -> Product:
        if one.row is None:
            made = Product.objects.create(stockroom=self.ledger.stockroom, name=one.name, is_counted=one.is_counted, **one.values)  # fmt: skip
            self.ledger.note(made, "added", "", made.name)
            return made
        if changed := self.ledger.set(one.row, one.values):
            one.row.save(update_fields=changed)
        return one.row

    def _item(self, line: Line) -> Item:
        assert line.product is not None
        return Item(
            stockroom=self.ledger.stockroom, product=self.products[line.product.name], tag=line.row.cells["tag"],
            **(line.values | {"status": line.to}),
        )  # fmt: skip

    def _change(self, lines: list[Line]) -> list[Item]:
        """Returns those whose state or product changed."""
        fields: set[str] = set()
        rows, moved = [], []
        for line in lines:
            assert line.item is not None
            assert line.product is not None
            before, is_moved = line.item.product, line.to != line.item.status
            fields |= set(self.ledger.set(line.item, {"product": self.products[line.product.name], **line.values}))
            rows.append(line.item)
            if line.item.product != before:
                self.left.append(before)
            if is_moved:
                status_write(self.ledger, line.item, line.to)
            if is_moved or line.item.product != before:
                moved.append(line.item)
        if fields:
            Item.objects.bulk_update(rows, sorted(fields), batch_size=200)
        return moved

    def _count(self, line: Line) -> None:
        if line.count is None or line.product is None:
            return
        product = self.products[line.product.name]
        before = self.plan.balances.get(product.pk, 0)
        if before != line.count:
            self.ledger.note(product, "count", before, line.count, change=line.count - before)


def acting_at_the_machine(course: Course, name: str) -> Visit:
    """Whoever sits at the machine acts as an instructor; history names the command."""
    return Visit(person=User(email=name, name=name), course=course, role=Role.INSTRUCTOR)
