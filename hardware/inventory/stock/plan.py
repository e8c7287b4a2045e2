"""What applying a file of the stock would do, row by row. Nothing is written here; services/imports.py applies exactly this."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from hardware.inventory.ledger import shown
from hardware.inventory.selectors.balances import balances_of
from hardware.inventory.serving import reserved_items
from hardware.inventory.stock.reading import StockRow
from hardware.models import CASE_OPEN, ITEM_MOVES, DamageCase, Item, Kit, LoanPiece, Product, Stockroom

NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"
PRODUCT_COLUMNS = {
    "kind": "kind", "maker": "maker", "data_sheet": "sheet_url", "device": "device", "product_note": "note", "low_at": "low_at",
}  # fmt: skip
ITEM_COLUMNS = {
    "serial": "serial", "condition": "condition", "place": "place", "value": "value", "currency": "currency", "bought_on": "bought_on",
    "warranty_until": "warranty_until", "note": "note",
}  # fmt: skip

OF_ITEMS = ("serial", "condition", "state", "place", "value", "bought_on", "warranty_until", "note")


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass
class ProductPlan:
    """What the file says of one product. row: as it is, None where it is new. values: by the names of the model's fields."""

    name: str
    row: Product | None
    is_counted: bool
    first_line: int
    values: dict[str, Any] = field(default_factory=dict)
    said_in: dict[str, int] = field(default_factory=dict)


@dataclass
class Line:
    """What happens to one row of the file. item: as it is now. values: what the item gets. to: its state after. count: found there."""

    row: StockRow
    verdict: str = SAME
    product: ProductPlan | None = None
    item: Item | None = None
    values: dict[str, Any] = field(default_factory=dict)
    to: str = ""
    count: int | None = None
    changes: list[Change] = field(default_factory=list)

    def refuse(self, column: str, code: str, sentence: str) -> None:
        self.row.refuse(column, code, sentence)
        self.verdict = REFUSED


@dataclass
class Plan:
    lines: list[Line]
    products: list[ProductPlan]
    balances: dict[int, int]

    def of(self, *verdicts: str) -> list[Line]:
        return [line for line in self.lines if line.verdict in verdicts]

    @property
    def digest(self) -> str:
        """Equal as long as applying would do the same: what the person has seen is what happens."""
        facts = [
            [line.row.line, line.verdict, line.item.pk if line.item else None, line.row.faults, line.to, line.count,
             [[change.label, change.old, change.new] for change in line.changes]]
            for line in self.lines
        ]  # fmt: skip
        return sha256(json.dumps([facts, [[one.name, one.row.pk if one.row else None] for one in self.products]]).encode()).hexdigest()  # fmt: skip


def typed(name: str, text: str) -> Any:
    """The value of a cell, whose text reading.py has checked."""
    if name in ("bought_on", "warranty_until"):
        return date.fromisoformat(text)
    if name == "value":
        return Decimal(text)
    return int(text) if name in ("low_at", "count") else text


def plan_make(stockroom: Stockroom, rows: Sequence[StockRow], devices: frozenset[str]) -> Plan:
    """Six queries, whatever the size of the file. devices: slugs of the device profiles that the course has."""
    return _Planner(stockroom, devices).plan([StockRow.of_json(row.to_json()) for row in rows])


class _Planner:
    def __init__(self, stockroom: Stockroom, devices: frozenset[str]) -> None:
        self.devices = devices
        self.items = {item.tag: item for item in Item.objects.filter(stockroom=stockroom).select_related("product")}
        self.kits = frozenset(Kit.objects.filter(stockroom=stockroom).values_list("tag", flat=True))
        self.rows = {row.name.lower(): row for row in Product.objects.filter(stockroom=stockroom)}
        self.balances = balances_of(stockroom)
        self.out = set(LoanPiece.objects.filter(item__stockroom=stockroom, back_at=None).values_list("item", flat=True))
        self.reserved = reserved_items(Item.objects.filter(stockroom=stockroom))
        self.cases = set(DamageCase.objects.filter(item__stockroom=stockroom, status__in=CASE_OPEN).values_list("item", flat=True))  # fmt: skip
        self.serials = {(item.product.name.lower(), item.serial.lower()): item.tag for item in self.items.values() if item.serial}  # fmt: skip
        self.products: dict[str, ProductPlan] = {}

    def plan(self, rows: Sequence[StockRow]) -> Plan:
        lines = [Line(row, REFUSED if row.faults else SAME) for row in rows]
        self._repeats(lines)
        counted = {
            line.row.cells["product"].lower()
            for line in lines
            if not line.row.faults and "count" in line.row.cells and "tag" not in line.row.cells
        }
        for line in lines:
            if not line.row.faults:
                self._product(line, counted)
            if not line.row.faults and "tag" in line.row.cells:
                self._item(line)
            elif not line.row.faults:
                self._count(line)
        used = [one for one in self.products.values() if any(line.product is one and line.verdict != REFUSED for line in lines)]  # fmt: skip
        return Plan(lines, used, self.balances)

    def _repeats(self, lines: Sequence[Line]) -> None:
        """Which of two rows for one tag, one serial number or one counted product is right, nobody can tell: both are refused."""
        keys: dict[tuple[str, ...], list[Line]] = {}
        for line in lines:
            cells, product = line.row.cells, line.row.cells.get("product", "").lower()
            if "tag" in cells:
                keys.setdefault(("tag", cells["tag"]), []).append(line)
            elif "count" in cells:
                keys.setdefault(("count", product), []).append(line)
            if "serial" in cells:
                keys.setdefault(("serial", product, cells["serial"].lower()), []).append(line)
        for (column, *_), found in keys.items():
            for line in found if len(found) > 1 else []:
                others = ", ".join(str(other.row.line) for other in found if other is not line)
                what = "product with a count" if column == "count" else column
                line.refuse(column, f"{column}_twice", f"The same {what} stands in line {others}.")

    def _product(self, line: Line, counted: set[str]) -> None:
        cells, key = line.row.cells, line.row.cells["product"].lower()
        row = self.rows.get(key)
        plan = self.products.get(key)
        if row is None and plan is None and "kind" not in cells:
            line.refuse("kind", "no_kind", f"{cells['product']} is new in the catalogue, so its kind is needed.")
            return
        if plan is None:
            plan = ProductPlan(row.name if row else cells["product"], row, row.is_counted if row else key in counted, line.row.line)  # fmt: skip
        device = cells.get("device", "")
        if device and device not in self.devices and not (row and row.device == device):
            line.refuse("device", "unknown_device", f"There is no device profile {device}.")
            return
        for column, name in PRODUCT_COLUMNS.items():
            if column in cells and plan.values.get(name, typed(column, cells[column])) != typed(column, cells[column]):
                line.refuse(column, "contradicts", f"{plan.name} has {shown(plan.values[name])} here in line {plan.said_in[name]}.")  # fmt: skip
                return
        self.products[key] = line.product = plan
        for column, name in PRODUCT_COLUMNS.items():
            if column in cells and name not in plan.values:
                plan.values[name], plan.said_in[name] = typed(column, cells[column]), line.row.line
                old = shown(getattr(row, name)) if row else ""
                if row and old != cells[column]:
                    self._change(line, f"{column.replace('_', ' ')} of all {row.name}", old, cells[column])

    def _item(self, line: Line) -> None:
        cells, plan = line.row.cells, line.product
        assert plan is not None
        item = line.item = self.items.get(cells["tag"])
        if plan.is_counted or "count" in cells:
            line.refuse(
                "tag", "counted_product", f"{plan.name} is only counted, so a row of it has a count and no tag."
            )
            return
        if cells["tag"] in self.kits:
            line.refuse("tag", "tag_taken", f"{cells['tag']} is the tag of a kit.")
            return
        serial = cells.get("serial", item.serial if item else "")
        holder = self.serials.get((plan.name.lower(), serial.lower()))
        if holder and holder != cells["tag"]:
            line.refuse("serial", "serial_taken", f"{holder} has this serial number already.")
            return
        line.to = cells.get("state", item.status if item else Item.Status.IN_SERVICE)
        if item and not (self._may_move(line, item) and self._may_be_another(line, item)):
            return
        line.values = {name: typed(column, cells[column]) for column, name in ITEM_COLUMNS.items() if column in cells}
        if item is None:
            self._new_item(line, plan)
            return
        if item.product.name.lower() != plan.name.lower():
            self._change(line, "product", item.product.name, plan.name)
        for name, new in line.values.items():
            if shown(getattr(item, name)) != shown(new):
                self._change(line, name.replace("_", " "), shown(getattr(item, name)), shown(new))
        if line.to != item.status:
            self._change(line, "state", item.status, line.to)

    def _new_item(self, line: Line, plan: ProductPlan) -> None:
        line.verdict = NEW
        if plan.row is not None and plan.row.is_archived:
            line.refuse(
                "product", "archived", f"{plan.name} is archived. Offer it again on its page before it gets new items."
            )

    def _may_move(self, line: Line, item: Item) -> bool:
        """What services/items.py refuses for one item is refused here too."""
        if line.to == item.status:
            return True
        if line.to not in ITEM_MOVES.get(item.status, frozenset()):
            line.refuse("state", "illegal_state", f"What is {item.get_status_display().lower()} cannot become {line.to.replace('_', ' ')}.")  # fmt: skip
        elif item.pk in self.out:
            line.refuse("state", "on_loan", f"{item.tag} is on loan. Take it back first, or report it lost on the loan.")  # fmt: skip
        elif item.pk in self.cases:
            line.refuse("state", "has_case", f"{item.tag} has an open damage case. Say there what becomes of it.")
        return not line.row.faults

    def _may_be_another(self, line: Line, item: Item) -> bool:
        """Neither what somebody has nor what somebody was promised becomes another product under their hands."""
        if line.product is None or item.product.name.lower() == line.product.name.lower():
            return True
        if item.pk in self.out:
            line.refuse("product", "on_loan", f"{item.tag} is on loan as {item.product.name}. Take it back first.")
        elif item.pk in self.reserved:
            line.refuse("product", "reserved", f"{item.tag} itself is reserved as {item.product.name}. Decline or cancel that first.")  # fmt: skip
        return not line.row.faults

    def _count(self, line: Line) -> None:
        cells, plan = line.row.cells, line.product
        assert plan is not None
        if "count" in cells and not plan.is_counted:
            line.refuse(
                "count",
                "not_counted",
                f"{plan.name} is lent by tag and not by number, so a row of it has a tag and no count.",
            )
            return
        spare = next((name for name in OF_ITEMS if name in cells), "")
        if spare:
            words = f"It has a {spare.replace('_', ' ')}, which only an item with a tag has. What is said of all of them stands in product_note."
            line.refuse("tag", "no_tag", words)
            return
        if plan.row is None:
            line.verdict = NEW
        if "count" in cells:
            line.count = typed("count", cells["count"])
            old = self.balances.get(plan.row.pk, 0) if plan.row else 0
            if plan.row and old != line.count:
                self._change(line, "count", str(old), str(line.count))

    def _change(self, line: Line, label: str, old: str, new: str) -> None:
        line.changes.append(Change(label, old, new))
        if line.verdict == SAME:
            line.verdict = CHANGED
