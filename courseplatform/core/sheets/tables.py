"""Text of a list to rows of cells: separated values, or the HTML table that PeopleSoft calls `.xls`. Bounded in every direction."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import nh3

from courseplatform.core.errors import BadInput, TooLarge

Row = tuple[int, list[str]]  # its number in the file, counted from 1, and its cells
MOST_ROWS, MOST_COLUMNS, MOST_CELL = 5000, 500, 300
DELIMITERS = {",": "comma-separated", ";": "semicolon-separated", "\t": "tab-separated", "|": "bar-separated"}
HEADER_WITHIN = 12  # rows in which the header must stand
TABLE_TAGS = {"table", "thead", "tbody", "tfoot", "tr", "td", "th"}


def is_html(text: str) -> bool:
    head = text[:4096].lstrip().lower()
    return head.startswith("<") and any(sign in head for sign in ("<table", "<html", "<!doctype html", "<tr", "<meta"))


def read_rows(text: str, score: Callable[[list[str]], int]) -> tuple[list[Row], str]:
    """Rows that are not blank, and the shape of the file in words.

    Args:
        score: how many of the column names that are looked for a row of cells holds; decides between delimiters and between tables.

    Raises:
        TooLarge: `too_many_rows`. BadInput: `unbalanced_quotes`, `xml_workbook`, `no_table`, `too_many_columns`.
    """
    if text[:512].lstrip().startswith("<?xml") and "Workbook" in text[:4096]:
        raise BadInput(
            "This is an Excel workbook as XML, and it was not opened. Copy the cells and paste them here, or save it as CSV UTF-8.",
            code="xml_workbook",
        )
    if is_html(text):
        rows, shape = _html_rows(text, score), "HTML table"
    else:
        text, named = without_sep_line(text)
        delimiter = named or delimiter_of(text, score)
        rows, shape = list(_separated_rows(text, delimiter)), DELIMITERS.get(delimiter, f"separated by {delimiter}")
    if any(len(cells) > MOST_COLUMNS for _, cells in rows):
        raise BadInput(
            f"This table has more than {MOST_COLUMNS} columns, and no list here has as many: choose another export.",
            code="too_many_columns",
        )
    return rows, shape


def without_sep_line(text: str) -> tuple[str, str]:
    """The text, and the delimiter that it names. Excel writes `sep=;` above the header. The line stays, blank, so that line numbers hold."""
    match = re.match(r"sep=([,;\t|])[ \t]*(?=\r|\n)", text, re.IGNORECASE)
    return (text[match.end() :], match[1]) if match else (text, "")


def delimiter_of(text: str, score: Callable[[list[str]], int]) -> str:
    """The sign between cells with which the first rows hold most of the column names that are looked for."""
    head = io.StringIO("\n".join(text[:65536].splitlines()[:HEADER_WITHIN]))

    def worth(delimiter: str) -> tuple[int, int]:
        head.seek(0)
        try:
            rows = list(csv.reader(head, delimiter=delimiter))
        except csv.Error:
            return 0, 0
        return max((score(row) for row in rows), default=0), max((len(row) for row in rows), default=0)

    return max(DELIMITERS, key=worth)


def _separated_rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(
                f"The quotation marks in line {line} do not close as they should, so where its cells end cannot be told. "
                "Nothing was read. Mend that line, or export the list again.",
                code="unbalanced_quotes",
            ) from error
        if any(cell.strip() for cell in cells):
            count += 1
            _check_count(count)
            yield line, cells


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        raise TooLarge(
            f"This file has more than {MOST_ROWS} rows, and no list here has as many. Nothing was read. Export only what belongs to this course.",
            code="too_many_rows",
        )


class _Tables(HTMLParser):
    """Rows of each table of cleaned HTML. The text of a table inside a cell belongs to that inner table only."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.open: list[int] = []
        self.count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
            self.open.append(len(self.tables) - 1)
        elif self.open and tag == "tr":
            self.count += 1
            _check_count(self.count)
            self.tables[self.open[-1]].append([])
        elif self.open and tag in ("td", "th") and (rows := self.tables[self.open[-1]]):
            rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and (rows := self.tables[self.open[-1]]) and rows[-1]:
            rows[-1][-1] += data


def _html_rows(text: str, score: Callable[[list[str]], int]) -> list[Row]:
    """The table whose first rows hold most column names. nh3 parses as a browser does, drops scripts and styles, and is linear."""
    parser = _Tables()
    parser.feed(nh3.clean(text, tags=TABLE_TAGS, attributes={}, link_rel=None))
    parser.close()
    tables = [table for table in parser.tables if table]
    if not tables:
        raise BadInput(
            "This is a web page without a table in it. Choose the download of the list itself.", code="no_table"
        )
    best = max(tables, key=lambda rows: (max(score(row) for row in rows[:HEADER_WITHIN]), len(rows)))
    cleaned = ([" ".join(cell.split()) for cell in row] for row in best)
    return [(number, row) for number, row in enumerate(cleaned, start=1) if any(row)]
