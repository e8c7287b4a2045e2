"""A file of the stock to rows: which columns are read, what a cell may hold, and what is refused with its line and column. Knows no database."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
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
BY_NAME = {re.sub(r"[\W_]+", "", name): name for name in COLUMNS} | {
    word: name for name, words in COLUMNS.items() for word in words.split()
}
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


def parse(data: bytes) -> StockFile:
    """Raises BadInput or TooLarge where nothing of the file can be used; what is wrong with one row stands in that row."""
    text, encoding = decode(data)
    table, shape = read_rows(text, score)
    place, header = _header(table)
    at: dict[str, int] = {}
    for number, cell in enumerate(header):
        at.setdefault(column_of(cell), number)
    at.pop("", None)
    used = [(_short(header[number]), name) for name, number in at.items()]
    unread = [_short(cell) for number, cell in enumerate(header) if cell.strip() and number not in at.values()]
    rows = [_row(line, cells, at, header) for line, cells in table[place + 1 :]]
    if not rows:
        raise BadInput("The column names were recognised, but nothing stands below them.", code="no_rows")
    return StockFile(shape, encoding, used, unread, rows)


def column_of(cell: str) -> str:
    return BY_NAME.get(re.sub(r"[\W_]+", "", cell.casefold()), "")


def score(cells: Sequence[str]) -> int:
    return sum(bool(column_of(cell)) for cell in cells)


def _header(table: list[Row]) -> tuple[int, list[str]]:
    if not table:
        raise BadInput(EMPTY, code="empty_file")
    head = table[:HEADER_WITHIN]
    place = max(range(len(head)), key=lambda number: score(head[number][1]))
    if "product" not in map(column_of, head[place][1]):
        raise BadInput(
            f"No column product was found in the first {HEADER_WITHIN} rows. The first row names the columns: {', '.join(COLUMNS)}. "
            "Only product is needed, and kind for what is new; an export of this page shows all of them.",
            code="no_header",
        )
    return place, head[place][1]


def _row(line: int, cells: list[str], at: dict[str, int], header: list[str]) -> StockRow:
    row = StockRow(line)
    if any(cell.strip() for cell in cells[len(header) :]):
        words = f"It has {len(cells)} cells where the header has {len(header)}: a delimiter inside a cell, or cells that moved."
        row.refuse("", "moved_cells", words)
        return row
    for name, number in at.items():
        _cell(row, name, _short(header[number]), cells[number].strip() if number < len(cells) else "")
    if not row.cells.get("product") and not row.faults:
        row.refuse(_short(header[at["product"]]), "no_product", "It does not say what the thing is.")
    return row


def _cell(row: StockRow, name: str, column: str, text: str) -> None:
    if match := AS_TEXT.fullmatch(text):
        text = match[1].replace('""', '"').strip()
    if not text:
        return
    if len(text) > max(MOST_CELL, MOST.get(name, 0)):
        row.refuse(column, "too_long", f"It has {len(text)} characters; {MOST.get(name, MOST_CELL)} are the most.")
    elif safe_cell(text) != text:  # what an export would disarm
        row.refuse(column, "formula", f"It begins with {text[0]} like a formula of a spreadsheet, and was not read.")
    else:
        try:
            found = READERS[name](text)
        except BadInput as error:
            row.refuse(column, error.code, error.message)
        else:
            row.cells[name] = str(found)


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= 60 else f"{name[:60]}..."
