"""A table of separated values that can be given back byte by byte: what is not changed is written as it came.

The csv module forgets how a cell was quoted and how a line ended, so a file that went through it differs in every line. Canvas reads both, but
whoever compares the two files must see nothing but the grades.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.sheets.decode import decode
from courseplatform.core.sheets.tables import (
    HEADER_WITHIN,
    MOST_COLUMNS,
    MOST_ROWS,
    delimiter_of,
    is_html,
    without_sep_line,
)
from courseplatform.roster.reading.columns import score

# What decode() says of an encoding -> the mark at its beginning, and the codec of the rest.
CODECS = {
    "UTF-8 with a mark": (b"\xef\xbb\xbf", "utf-8"), "UTF-8": (b"", "utf-8"),
    "UTF-16 LE with a mark": (b"\xff\xfe", "utf-16-le"), "UTF-16 BE with a mark": (b"\xfe\xff", "utf-16-be"),
    "UTF-16 LE without a mark": (b"", "utf-16-le"), "UTF-16 BE without a mark": (b"", "utf-16-be"),
    "Windows-1252": (b"", "cp1252"), "Latin-1": (b"", "latin-1"),
}  # fmt: skip
NOT_CANVAS = "In Canvas, open Grades, choose Export, and upload that CSV file as it is."


@dataclass(frozen=True)
class Cell:
    """raw: as it stands in the file, with its quotation marks. text: what it says."""

    raw: str
    text: str


@dataclass
class Line:
    """number: of its first line in the file, counted from 1. end: how it ends; "" for a last line without an end."""

    number: int
    cells: list[Cell]
    end: str

    def text(self, place: int | None) -> str:
        """What a cell says, without blanks around; "" where there is none."""
        return self.cells[place].text.strip() if place is not None and place < len(self.cells) else ""

    @property
    def is_blank(self) -> bool:
        return not any(cell.text.strip() for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """A file taken apart. head: what stands before the first line (`sep=;`)."""

    mark: bytes
    codec: str
    head: str
    delimiter: str
    lines: tuple[Line, ...]

    def to_bytes(self, changed: dict[tuple[int, int], str] | None = None) -> bytes:
        """The file, with other texts in some cells: (place of the line in `lines`, place of the cell) -> text."""
        changed = changed or {}
        by_line: dict[int, dict[int, str]] = {}
        for (line, cell), text in changed.items():
            by_line.setdefault(line, {})[cell] = text
        rows = [self._row(line, by_line.get(place, {})) for place, line in enumerate(self.lines)]
        return self.mark + (self.head + "".join(rows)).encode(self.codec)

    def _row(self, line: Line, changed: dict[int, str]) -> str:
        raws = [cell.raw for cell in line.cells]
        raws += [""] * (max(changed, default=-1) + 1 - len(raws))
        for place, text in changed.items():
            raws[place] = quoted(text, self.delimiter, as_before=raws[place])
        return self.delimiter.join(raws) + line.end


def quoted(text: str, delimiter: str, *, as_before: str = "") -> str:
    """In quotation marks where it needs them, or where the cell had them."""
    needs = delimiter in text or any(sign in text for sign in '"\r\n')
    return '"' + text.replace('"', '""') + '"' if needs or as_before.startswith('"') else text


def table_of(data: bytes) -> Table:
    """Take a file apart.

    Raises:
        TooLarge: `list_too_large`, `too_many_rows`. BadInput: what `decode` refuses, `not_canvas` (a web page), `unbalanced_quotes`,
        `too_many_columns`, `not_given_back` (an encoding that would not come out as it went in).
    """
    text, words = decode(data)
    if is_html(text):
        raise BadInput(f"This is a web page, not the export of a gradebook. {NOT_CANVAS}", code="not_canvas")
    mark, codec = CODECS.get(words, (b"", ""))
    if not codec:
        raise BadInput(f"This file is in {words}, which Canvas does not write. {NOT_CANVAS}", code="not_given_back")
    rest, named = without_sep_line(text)
    delimiter = named or delimiter_of(text, score)
    found = Table(mark, codec, text[: len(text) - len(rest)], delimiter, tuple(_lines(rest, delimiter)))
    if found.to_bytes() != data:
        raise BadInput(
            f"This file cannot be given back as it is: some of its signs are damaged. {NOT_CANVAS}",
            code="not_given_back",
        )
    return found


def _lines(text: str, delimiter: str) -> Sequence[Line]:
    sign = re.escape(delimiter)
    # A cell in quotation marks, or anything up to the next delimiter that does not begin with one; then what ends it.
    one = re.compile(rf'("[^"]*(?:""[^"]*)*"|[^"{sign}\r\n][^{sign}\r\n]*|)({sign}|\r\n|\n|\r|\Z)')
    lines: list[Line] = []
    at, number, cells = 0, 1, list[Cell]()
    begun = number
    while at < len(text) or cells:
        match = one.match(text, at)
        if match is None:
            raise BadInput(
                f"The quotation marks in line {number} do not close as they should, so where its cells end cannot be told. Nothing was read. {NOT_CANVAS}",
                code="unbalanced_quotes",
            )
        raw, end = match[1], match[2]
        is_quoted = raw.startswith('"')
        cells.append(Cell(raw, raw[1:-1].replace('""', '"') if is_quoted else raw))
        if len(cells) > MOST_COLUMNS:  # at once: a line of four million commas is half a gigabyte of cells
            raise _too_wide()
        if is_quoted:
            number += len(re.findall(r"\r\n|\r|\n", raw))
        at = match.end()
        if end != delimiter:
            lines.append(Line(begun, cells, end))
            _check_size(lines)
            number += 1
            begun, cells = number, []
            if not end:
                break
    return lines


def _check_size(lines: Sequence[Line]) -> None:
    if len(lines) > MOST_ROWS + HEADER_WITHIN:
        raise TooLarge(
            f"This file has more than {MOST_ROWS} rows, and no gradebook has as many. Nothing was read. Export only this course.",
            code="too_many_rows",
        )


def _too_wide() -> BadInput:
    return BadInput(
        f"This table has more than {MOST_COLUMNS} columns, and no gradebook has as many: choose another export.",
        code="too_many_columns",
    )
