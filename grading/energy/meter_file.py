"""A USB meter's CSV, from the bytes that somebody sent to the charge that was used: the current, integrated over the time. Pure.

    Q = sum over neighbouring rows of (I[n] + I[n+1]) / 2 * (t[n+1] - t[n])      the trapezoidal rule, in mA s; / 3600 is mAh

Nothing is repaired: a row that is no measurement, a gap or a time that goes back is refused with its line, because a charge that was half
guessed counts against a budget.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from math import fsum
from statistics import median

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput
from grading.energy.meter_columns import Column, columns_of, number_of, seconds_of

MOST_BYTES, MOST_ROWS = 4 << 20, 200_000
MOST_MA, MOST_VOLTS, MOST_SECONDS = 20_000.0, 60.0, 7 * 24 * 3600.0
GAP_TIMES, GAP_S = 10.0, 5.0  # a step that is so many times as long as the usual one, and at least so many seconds
MOST_SHOWN = 4  # faults that are told at once
DRAWN = 240  # points of the small plot
CENT = Decimal("0.001")


@dataclass(frozen=True)
class Metered:
    """What a meter's file came to. trace: (seconds from the first row, mA), at most DRAWN of them. mean_volts: None where no column says it."""

    sha256: str
    rows: int
    seconds: float
    used_mah: Decimal
    mean_ma: float
    peak_ma: float
    mean_volts: float | None
    trace: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Row:
    line: int
    seconds: float
    ma: float
    volts: float | None


def metered(content: bytes) -> Metered:
    """Raises BadInput with the lines of what is wrong; its code is that of the first fault."""
    if len(content) > MOST_BYTES:
        most = f"{MOST_BYTES >> 20} MiB"
        raise _no(
            f"The file has {numbers.size(len(content))}; at most {most} are taken. Export fewer rows a second.",
            "file_too_large",
        )
    rows = _rows(_text(content))
    _check_times(rows)
    points = [(row.seconds - rows[0].seconds, row.ma) for row in rows]
    seconds, volts = points[-1][0], [row.volts for row in rows if row.volts is not None]
    used = charge_mah(points)
    return Metered(
        sha256(content).hexdigest(), len(rows), seconds, Decimal(repr(used)).quantize(CENT), used * 3600 / seconds,
        max(row.ma for row in rows), fsum(volts) / len(volts) if volts else None, _thinned(points),
    )  # fmt: skip


def charge_mah(points: Sequence[tuple[float, float]]) -> float:
    """mAh of (seconds, mA) by the trapezoidal rule; times rise."""
    return fsum((a + b) / 2 * (later - earlier) for (earlier, a), (later, b) in pairwise(points)) / 3600


def _no(said: str, code: str) -> BadInput:
    return BadInput(said, code=code, details={"field": "file"})


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _no(f"Line {line} is not UTF-8 text. Save the table as CSV, UTF-8.", "not_text") from error
    if "\0" in text:
        raise _no("This is no text but a file of another kind. Export the meter's table as CSV.", "not_text")
    if not text.strip():
        raise _no("The file is empty. Export the meter's table again, and choose the new file.", "too_few_rows")
    return text


def _between(text: str) -> str:
    """What parts the cells, by the head. Where it is no comma, a comma may stand in a number."""
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return max(",;\t", key=head.count)


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that has any; lines that begin with # are notes of the meter."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    between = _between(text)
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                yield number, next(csv.reader([line], delimiter=between, strict=True))
            except csv.Error:
                raise _no(f"Line {number} is no row of a CSV: a quotation mark is open.", "bad_row") from None


def _rows(text: str) -> list[_Row]:
    cells = _cells(text)
    line, heads = next(cells, (1, [""]))
    columns, comma = columns_of(heads, line), "," not in _between(text)
    rows, faults = list[_Row](), list[tuple[str, str]]()
    for number, row in cells:
        if len(rows) >= MOST_ROWS:
            said = f"The file has more than {numbers.count(MOST_ROWS)} rows. Export fewer rows a second, or add two readings."
            raise _no(said, "too_many_rows")
        made, code = _row(number, row, columns, comma=comma)
        if isinstance(made, str):
            faults.append((code, made))
            if len(faults) > MOST_SHOWN:
                break
        else:
            rows.append(made)
    if faults:
        more = " There are more." if len(faults) > MOST_SHOWN else ""
        raise _no(" ".join(said for _, said in faults[:MOST_SHOWN]) + more, faults[0][0])
    if len(rows) < 2:
        raise _no("A reading needs at least two rows below the head: charge is current over time.", "too_few_rows")
    return rows


def _row(number: int, cells: list[str], columns: dict[str, Column], *, comma: bool) -> tuple[_Row | str, str]:
    """The row; or a sentence about what is wrong with it, and its code."""
    values: dict[str, float | None] = {}
    for role, column in columns.items():
        cell = cells[column.place] if column.place < len(cells) else ""
        value = seconds_of(cell, column, comma=comma) if role == "time" else number_of(cell, comma=comma)
        if value is None and not (role == "voltage" and not cell.strip()):
            hint = (
                f" The head “{column.head}” names no unit; write time_s."
                if role == "time" and column.factor is None
                else ""
            )
            code = "unit_missing" if hint and number_of(cell, comma=comma) is not None else "bad_row"
            return f"Line {number}: “{cell.strip()[:20]}” is no {role}.{hint}", code
        values[role] = value if role == "time" or value is None else value * (column.factor or 1)
    seconds, ma, volts = values["time"] or 0.0, values["current"] or 0.0, values.get("voltage")
    if ma < 0:
        return (
            f"Line {number}: the current is negative. Turn the meter round, or set its zero, and measure again.",
            "negative",
        )
    if ma > MOST_MA:
        return (
            f"Line {number}: {numbers.digits(ma)} mA is more than {MOST_MA / 1000:g} A. Is the unit in the head right?",
            "current_too_large",
        )
    if volts is not None and not 0 <= volts <= MOST_VOLTS:
        return f"Line {number}: {numbers.digits(volts)} V is no voltage of a board.", "odd_voltage"
    return _Row(number, seconds, ma, volts), ""


def _check_times(rows: list[_Row]) -> None:
    for before, row in pairwise(rows):
        if row.seconds == before.seconds:
            said = f"Line {row.line} has the same time as line {before.line}. Export finer times, or one row for each."
            raise _no(said, "time_stands_still")
        if row.seconds < before.seconds:
            said = f"Line {row.line}: the time goes back. Rows stand in the order of time; over midnight the day is needed too."
            raise _no(said, "time_goes_back")
    whole = rows[-1].seconds - rows[0].seconds
    if whole > MOST_SECONDS:
        raise _no(
            f"The file lasts {whole / 86400:.1f} days; a reading lasts at most 7. Is the unit of the time right?",
            "too_long",
        )
    usual = median(row.seconds - before.seconds for before, row in pairwise(rows))
    for before, row in pairwise(rows):
        step = row.seconds - before.seconds
        if step >= GAP_S and step > GAP_TIMES * usual:
            said = f"Line {row.line}: {step:g} s without a row, where {usual:g} s are usual. Cut the file there, and add two readings."
            raise _no(said, "gap")


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """For a small plot: of each stretch its least and its largest current, so that no peak is lost."""
    if len(points) <= DRAWN:
        return tuple(points)
    size = -(-len(points) // (DRAWN // 2))
    kept = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        kept += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return tuple(kept)
