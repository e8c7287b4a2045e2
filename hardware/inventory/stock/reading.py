"""A file of the stock to rows: which columns are read, what a cell may hold, and what is refused with its line and column. Knows no database."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import Any

from courseplatform.core.errors import BadInput
from courseplatform.core.sheets.decode import EMPTY, decode
from courseplatform.core.sheets.tables import HEADER_WITHIN, MOST_CELL, Row, read_rows
from courseplatform.core.tables import safe_cell
from hardware.inventory.stock import rules
from hardware.models import Condition, Item, Kind

# The columns of an export, in its order, with the other names by which people know them: letters and digits only.
COLUMNS = {
    "kind": "category type", "product": "model modelname name item description", "maker": "manufacturer vendor brand", "data_sheet": "datasheeturl url link",
    "device": "deviceprofile profile", "product_note": "modelnotes", "tag": "assettag assetid inventorynumber barcode", "serial": "serialnumber serialno sn",
    "condition": "", "state": "status circulation", "place": "location shelf room", "value": "price cost purchasecost", "currency": "",
    "bought_on": "bought purchasedate purchased datebought", "warranty_until": "warranty warrantyexpires warrantyend", "note": "notes comment remarks",
    "count": "quantity qty number pieces", "low_at": "minimum minqty lowstock",
}  # fmt: skip
AS_TEXT = re.compile(r'=\s*"(.*)"', re.DOTALL)  # how spreadsheets keep a cell as text
MOST = {"product": 80, "maker": 80, "product_note": 500, "place": 80, "note": 500}


class Choice:
    """A cell of a fixed list, by its code or its word, whatever its capitals."""

    def __init__(self, choices: Any, code: str) -> None:
        self.words = {word.casefold(): value for value, label in choices for word in (value, label, value.replace("_", " "))}  # fmt: skip
        self.listed, self.code = ", ".join(value for value, _ in choices), code

    def __call__(self, text: str) -> str:
        found = self.words.get(text.casefold())
        if text and found is None:
            raise BadInput(f"“{text[:40]}” is none of: {self.listed}.", code=self.code)
        return found or ""


# How a cell becomes its canonical text; each raises BadInput.
READERS: dict[str, Callable[[str], object]] = {
    "kind": Choice(Kind.choices, "unknown_kind"), "condition": Choice(Condition.choices, "unknown_condition"),
    "state": Choice(Item.Status.choices, "unknown_state"), "data_sheet": rules.url_of, "serial": rules.serial_of, "tag": rules.tag_of,
    "value": rules.value_of, "currency": rules.currency_of, "bought_on": rules.day_of, "warranty_until": rules.day_of,
    "count": rules.count_of, "low_at": rules.count_of, "device": partial(rules.text_of, most=40),
    **{name: partial(rules.text_of, most=most) for name, most in MOST.items()},
}  # fmt: skip


@dataclass
class StockRow:
    """One line of a file. cells: canonical text by column, only what is not empty. faults: (column as in the file, code, sentence)."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, str, str]] = field(default_factory=list)

    def refuse(self, column: str, code: str, sentence: str) -> None:
        self.faults.append((column, code, sentence))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> "StockRow":
        faults = [(column, code, sentence) for column, code, sentence in found["faults"]]
        return cls(found["line"], found["cells"], faults)


@dataclass
class StockFile:
    """used: columns as the file names them, with what they are. unread: those that were not read."""

    shape: str
    encoding: str
    used: list[tuple[str, str]]
    unread: list[str]
    rows: list[StockRow]


@dataclass(frozen=True)
class Layout:
    """What a list of one sort holds: its columns with their other names, how their cells are read, and the one that every row needs.

    missing: code and sentence for a row without that one. needs: what else the header has to say, in words.
    """

    columns: dict[str, str]
    readers: dict[str, Callable[[str], object]]
    most: dict[str, int]
    needed: str
    missing: tuple[str, str]
    needs: str

    @cached_property
    def by_name(self) -> dict[str, str]:
        own = {_letters(name): name for name in self.columns}
        return own | {word: name for name, words in self.columns.items() for word in words.split()}

    def column_of(self, cell: str) -> str:
        return self.by_name.get(_letters(cell), "")

    def score(self, cells: Sequence[str]) -> int:
        return sum(bool(self.column_of(cell)) for cell in cells)

    def parse(self, data: bytes) -> StockFile:
        """Raises BadInput or TooLarge where nothing of the file can be used; what is wrong with one row stands in that row."""
        text, encoding = decode(data)
        table, shape = read_rows(text, self.score)
        place, header = self._header(table)
        at: dict[str, int] = {}
        for number, cell in enumerate(header):
            at.setdefault(self.column_of(cell), number)
        at.pop("", None)
        used = [(_short(header[number]), name) for name, number in at.items()]
        unread = [_short(cell) for number, cell in enumerate(header) if cell.strip() and number not in at.values()]
        rows = [self._row(line, cells, at, header) for line, cells in table[place + 1 :]]
        if not rows:
            raise BadInput("The column names were recognised, but nothing stands below them.", code="no_rows")
        return StockFile(shape, encoding, used, unread, rows)

    def _header(self, table: list[Row]) -> tuple[int, list[str]]:
        if not table:
            raise BadInput(EMPTY, code="empty_file")
        head = table[:HEADER_WITHIN]
        place = max(range(len(head)), key=lambda number: self.score(head[number][1]))
        if self.needed not in map(self.column_of, head[place][1]):
            raise BadInput(
                f"No column {self.needed} was found in the first {HEADER_WITHIN} rows. The first row names the columns: "
                f"{', '.join(self.columns)}. {self.needs}",
                code="no_header",
            )
        return place, head[place][1]

    def _row(self, line: int, cells: list[str], at: dict[str, int], header: list[str]) -> StockRow:
        row = StockRow(line)
        if any(cell.strip() for cell in cells[len(header) :]):
            words = f"It has {len(cells)} cells where the header has {len(header)}: a delimiter inside a cell, or cells that moved."
            row.refuse("", "moved_cells", words)
            return row
        for name, number in at.items():
            self._cell(row, name, _short(header[number]), cells[number].strip() if number < len(cells) else "")
        if not row.cells.get(self.needed) and not row.faults:
            row.refuse(_short(header[at[self.needed]]), *self.missing)
        return row

    def _cell(self, row: StockRow, name: str, column: str, text: str) -> None:
        if match := AS_TEXT.fullmatch(text):
            text = match[1].replace('""', '"').strip()
        if not text:
            return
        most = self.most.get(name, MOST_CELL)
        if len(text) > max(MOST_CELL, most):
            row.refuse(column, "too_long", f"It has {len(text)} characters; {most} are the most.")
        elif safe_cell(text) != text:  # what an export would disarm
            row.refuse(
                column, "formula", f"It begins with {text[0]} like a formula of a spreadsheet, and was not read."
            )
        else:
            try:
                found = self.readers[name](text)
            except BadInput as error:
                row.refuse(column, error.code, error.message)
            else:
                row.cells[name] = str(found)


STOCK = Layout(
    COLUMNS, READERS, MOST, "product", ("no_product", "It does not say what the thing is."),
    "Only product is needed, and kind for what is new; an export of this page shows all of them.",
)  # fmt: skip
KIT_COLUMNS = {
    "kit": "kittag kitid", "name": "kitname", "note": "notes comment remarks", "state": "status", "tag": "assettag item itemtag fixeditem",
    "product": "model modelname slot", "count": "quantity qty number pieces",
}  # fmt: skip
KITS = Layout(
    KIT_COLUMNS,
    {"kit": rules.tag_of, "tag": rules.tag_of, "count": rules.count_of, "state": Choice((("in_use", "In use"), ("retired", "Given up")), "unknown_state"),
     "name": partial(rules.text_of, most=80), "note": partial(rules.text_of, most=500), "product": partial(rules.text_of, most=80)},
    {"name": 80, "note": 500, "product": 80}, "kit", ("no_kit", "It does not say of which kit it is a part."),
    "Each row is one part: a fixed item by its tag, or so many of a product; an export of the page Kits shows all of them.",
)  # fmt: skip


def parse(data: bytes, layout: Layout = STOCK) -> StockFile:
    """Raises as `Layout.parse` does."""
    return layout.parse(data)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= 60 else f"{name[:60]}..."
