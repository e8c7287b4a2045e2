"""A table as somebody pastes it from a spreadsheet or sends it as CSV: read into cells, and written so that it can be saved again."""

import csv
import io
import re

from grading.handing_in.piece_reading import Content, bad, without_controls
from grading.parts import MOST_ROWS, Part

MOST_CELL, MOST_COLUMNS = 200, 20
MOST_TABLE_BYTES = 1 << 20
QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Quoted(csv.excel_tab):
    quoting = csv.QUOTE_ALL


def read_table(part: Part, text: str) -> Content:
    """The first line names the columns. Cells that lack at the end of a row are empty: a spreadsheet leaves them out.

    Raises BadInput: `part_empty`, `table_broken`, `wrong_columns`, `too_few_rows`, `table_too_large`.
    """
    lines = _cells(part, without_controls(text.lstrip("\ufeff")))
    if not lines:
        raise bad(
            part, f"{part.title} is empty. Paste the table or choose its CSV file, and save it again.", "part_empty"
        )
    columns, rows = _headed(part, lines)
    for n, row in enumerate(rows, 1):
        if len(row) > len(columns):
            raise bad(part, f"Row {n} has {len(row)} cells, and there are {len(columns)} columns.", "table_broken")
        row.extend([""] * (len(columns) - len(row)))
    for name, row in [("The first line", columns), *((f"Row {n}", row) for n, row in enumerate(rows, 1))]:
        if long := [cell for cell in row if len(cell) > MOST_CELL]:
            said = f"{name} has a cell of {len(long[0])} letters; the most is {MOST_CELL}."
            raise bad(part, said, "table_too_large")
    if len(rows) < part.rows:
        raise bad(part, f"{part.title} takes {part.rows} rows or more; this has {len(rows)}.", "too_few_rows")
    if len(rows) > MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise bad(part, f"A table has at most {MOST_ROWS} rows and {MOST_COLUMNS} columns.", "table_too_large")
    return Content(data={"columns": columns, "rows": rows})


def table_text(columns: list[str], rows: list[list[str]]) -> str:
    """What `read_table` reads as this very table, whatever its cells hold."""
    written = io.StringIO()
    # With one column there is no tab to tell the cells apart by, so a comma must not be taken for one.
    dialect: type[csv.Dialect] = Quoted if len(columns) == 1 else csv.excel_tab
    csv.writer(written, dialect, lineterminator="\n").writerows([columns, *rows])
    return written.getvalue()


def _cells(part: Part, text: str) -> list[list[str]]:
    """The rows that hold anything, without columns at the right in which nothing stands."""
    unquoted = QUOTED.sub("q", text).split("\n")
    head = next((line for line in unquoted if line.strip("\t,; ")), "")
    delimiter = "\t" if "\t" in head else ";" if head.count(";") > head.count(",") else ","
    try:
        lines = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        said = f"The table cannot be read: {error}. Put quotes around cells that hold a comma."
        raise bad(part, said, "table_broken") from error
    lines = [row for row in lines if any(row)]
    width = max((n for row in lines for n, cell in enumerate(row, 1) if cell), default=0)
    return [row[: max(width, len(part.columns))] for row in lines]


def _headed(part: Part, lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows below. A table without its heads is taken where it has as many columns as the part names."""
    head, wanted = lines[0], list(part.columns)
    if not wanted:
        return head, lines[1:]
    if [cell.lower() for cell in head] == [name.lower() for name in wanted]:
        return wanted, lines[1:]
    if len(head) == len(wanted) and not {cell.lower() for cell in head} & {name.lower() for name in wanted}:
        return wanted, lines
    raise bad(
        part,
        f"The columns are {' | '.join(wanted)}, in this order; the first line says {' | '.join(filter(None, head))}.",
        "wrong_columns",
    )
