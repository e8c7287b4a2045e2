"""What applying a list of kits would do, kit by kit. Nothing is written here; services/kit_imports.py applies exactly this."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from hardware.inventory.kits.contents import borrower_of, kit_slots
from hardware.inventory.services.kits import MOST_KITS, MOST_OF_ONE, MOST_PARTS, Part
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME, Change
from hardware.inventory.stock.reading import StockRow
from hardware.models import Item, Kit, LoanPiece, Product, Stockroom

STATES = {False: "in_use", True: "retired"}


@dataclass
class KitLine:
    """One kit of the list: all of its rows. kit: as it is, None where it is new. note: None where the list says nothing of it."""

    tag: str
    kit: Kit | None
    rows: list[StockRow]
    verdict: str = SAME
    name: str = ""
    note: str | None = None
    parts: list[Part] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    changes_parts: bool = False

    @property
    def faults(self) -> list[tuple[int, str, str, str]]:
        """(line, column, code, sentence)"""
        return [(row.line, *fault) for row in self.rows for fault in row.faults]


@dataclass
class KitPlan:
    kits: list[KitLine]

    def of(self, *verdicts: str) -> list[KitLine]:
        return [one for one in self.kits if one.verdict in verdicts]

    @property
    def digest(self) -> str:
        """Equal as long as applying would do the same: what the person has seen is what happens."""
        facts = [
            [one.tag, one.verdict, one.kit.pk if one.kit else None, one.faults, [[change.label, change.old, change.new] for change in one.changes]]
            for one in self.kits
        ]  # fmt: skip
        return sha256(json.dumps(facts).encode()).hexdigest()


def kit_plan_make(stockroom: Stockroom, rows: Sequence[StockRow]) -> KitPlan:
    """Five queries, whatever the size of the file. A row that cannot be taken refuses its whole kit: half a kit is none."""
    return _Planner(stockroom).plan([StockRow.of_json(row.to_json()) for row in rows])


class _Planner:
    def __init__(self, stockroom: Stockroom) -> None:
        self.items = {item.tag: item for item in Item.objects.filter(stockroom=stockroom).select_related("product")}
        self.products = {row.name.lower(): row for row in Product.objects.filter(stockroom=stockroom)}
        self.names = {row.pk: row.name for row in self.products.values()}
        kits = Kit.objects.filter(stockroom=stockroom).prefetch_related("slots__item__product", "slots__product")
        self.kits = {kit.tag: kit for kit in kits}
        self.holder = {slot.item_id: kit for kit in self.kits.values() if not kit.is_retired for slot in kit_slots(kit) if slot.item_id}  # fmt: skip
        out = LoanPiece.objects.filter(item__stockroom=stockroom, back_at=None)
        out = out.select_related("loan__team", "loan__person")
        self.out = {piece.item_id: piece for piece in out}
        self.kits_out = {piece.kit_id: piece for piece in out if piece.kit_id}

    def plan(self, rows: Sequence[StockRow]) -> KitPlan:
        by_kit: dict[str, list[StockRow]] = {}
        for row in rows:
            by_kit.setdefault(row.cells.get("kit", ""), []).append(row)
        self._repeats(rows)
        kits = [KitLine(tag, self.kits.get(tag), found) for tag, found in by_kit.items()]
        made = len(self.kits)
        for one in kits:
            self._kit(one)
            made += one.verdict == NEW
            if one.verdict == NEW and made > MOST_KITS:
                one.rows[0].refuse("kit", "too_many_kits", f"A stockroom has at most {MOST_KITS} kits.")
            if one.faults:
                one.verdict, one.changes = REFUSED, []
        return KitPlan(kits)

    def _repeats(self, rows: Sequence[StockRow]) -> None:
        """In which of two kits an item is, nobody can tell: both are refused."""
        keys: dict[tuple[str, ...], list[StockRow]] = {}
        for row in rows:
            cells = row.cells
            if "tag" in cells:
                keys.setdefault(("tag", cells["tag"]), []).append(row)
            elif "product" in cells:
                keys.setdefault(("product", cells.get("kit", ""), cells["product"].lower()), []).append(row)
        for (column, *_), found in keys.items():
            for row in found if len(found) > 1 else []:
                others = ", ".join(str(other.line) for other in found if other is not row)
                where = "of this kit " if column == "product" else ""
                row.refuse(
                    column,
                    f"{column}_twice",
                    f"The same {column} stands in line {others} {where}already.".replace("  ", " "),
                )

    def _kit(self, one: KitLine) -> None:
        kit, first = one.kit, one.rows[0]
        read = [row for row in one.rows if not row.faults]
        if one.tag in self.items:
            first.refuse("kit", "tag_taken", f"{one.tag} is the tag of an item.")
        one.name = self._said(one, "name", kit.name if kit else "") or ""
        one.note = self._said(one, "note", None)
        state = self._said(one, "state", None)
        if not one.name and one.tag:
            first.refuse("name", "no_name", f"{one.tag} is new, so it needs a name, as people call it: Vision kit.")
        if state is not None and state != STATES[bool(kit and kit.is_retired)]:
            first.refuse("state", "illegal_state", "A kit is given up, and taken into use again, on its own page.")
        if len(one.rows) > MOST_PARTS:
            first.refuse("kit", "too_many_parts", f"A kit has at most {MOST_PARTS} parts; this one has {len(one.rows)}.")  # fmt: skip
        for row in read:
            self._part(one, row)
        if kit is None:
            one.verdict, one.changes = NEW, [Change("part", "", word) for word in self._listed(one)]
        elif not one.faults:
            self._compare(one, kit)

    def _said(self, one: KitLine, column: str, usual: str | None) -> str | None:
        """What the rows of a kit say of it; two that say different things contradict each other."""
        found: tuple[str, int] | None = None
        for row in one.rows:
            text = row.cells.get(column)
            if text is None:
                continue
            if found is not None and text != found[0]:
                row.refuse(column, "contradicts", f"{one.tag} has {found[0]} here in line {found[1]}.")
            found = found or (text, row.line)
        return found[0] if found else usual

    def _part(self, one: KitLine, row: StockRow) -> None:
        cells = row.cells
        if "tag" in cells:
            self._fixed(one, row, cells["tag"])
        elif "product" not in cells:
            row.refuse("tag", "no_part", "It names neither a fixed item by its tag nor a product.")
        else:
            self._slot(one, row, cells["product"])

    def _fixed(self, one: KitLine, row: StockRow, tag: str) -> None:
        item, product = self.items.get(tag), row.cells.get("product", "")
        holder = self.holder.get(item.pk) if item else None
        is_here = one.kit is not None and any(slot.item_id == item.pk for slot in kit_slots(one.kit)) if item else False
        if item is None:
            row.refuse("tag", "unknown_tag", f"No item here has the tag {tag}.")
        elif product and product.lower() != item.product.name.lower():
            row.refuse("product", "other_product", f"{tag} is a {item.product.name}.")
        elif row.cells.get("count", "1") != "1":
            row.refuse("count", "bad_count", f"{tag} is one item, so its count is 1 or empty.")
        elif item.status == Item.Status.RETIRED and not is_here:
            row.refuse("tag", "retired_part", f"{tag} is retired, so it is no part of a kit.")
        elif holder is not None and holder.tag != one.tag:
            row.refuse("tag", "in_other_kit", f"{tag} is part of {holder.tag}. Take it out there first.")
        elif item.pk in self.out and not is_here:
            row.refuse("tag", "part_out", f"{tag} is out with {borrower_of(self.out[item.pk])}. It can join a kit when it is back.")  # fmt: skip
        else:
            one.parts.append(Part(tags=(tag,)))

    def _slot(self, one: KitLine, row: StockRow, name: str) -> None:
        product, count = self.products.get(name.lower()), int(row.cells.get("count", "1"))
        if product is None:
            row.refuse("product", "unknown_product", f"The catalogue has no {name}.")
        elif product.is_archived:
            row.refuse("product", "archived", f"{product.name} is archived. Offer it again on its page first.")
        elif not 1 <= count <= MOST_OF_ONE:
            row.refuse("count", "bad_count", f"A kit has 1 to {MOST_OF_ONE} of a product.")
        else:
            one.parts.append(Part(product=product.pk, count=count))

    def _compare(self, one: KitLine, kit: Kit) -> None:
        for label, old, new in (("name", kit.name, one.name), ("note", kit.note, one.note)):
            if new is not None and new != old:
                one.changes.append(Change(label, old, new))
        old_parts = {slot.item.tag if slot.item else str(slot.product): 1 if slot.item else slot.count for slot in kit_slots(kit)}  # fmt: skip
        new_parts = self._numbers(one)
        for word in dict.fromkeys([*old_parts, *new_parts]):
            old, new = (self._words(parts, word) for parts in (old_parts, new_parts))
            if old != new:
                one.changes.append(Change("part", old, new))
                one.changes_parts = True
        if one.changes_parts and kit.pk in self.kits_out:
            one.rows[0].refuse("kit", "kit_out", f"{kit.tag} is out with {borrower_of(self.kits_out[kit.pk])}, so its parts stay as they are.")  # fmt: skip
        one.verdict = CHANGED if one.changes else SAME

    def _numbers(self, one: KitLine) -> dict[str, int]:
        return {part.tags[0] if part.product is None else self.names[part.product]: part.count for part in one.parts}

    def _listed(self, one: KitLine) -> list[str]:
        parts = self._numbers(one)
        return [self._words(parts, word) for word in parts]

    def _words(self, parts: dict[str, int], word: str) -> str:
        if word not in parts:
            return ""
        return word if word in self.items else f"{parts[word]} x {word}"
