"""Whether the accuracies that a results table names are those of measured attempts. Pure, and silent wherever it cannot be told.

Only a column whose head says accuracy and per cent is read, and only numbers; what is compared is what a reader of one decimal sees.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NEAR = 0.0501  # of a per cent: one digit after the point, rounded either way


@dataclass(frozen=True)
class TableCheck:
    """How many of the rows with a number name an accuracy that was measured here."""

    found: int
    rows: int

    @property
    def is_whole(self) -> bool:
        return self.found == self.rows

    @property
    def said(self) -> str:
        if self.is_whole:
            return "table matches the runs"
        return f"{self.rows - self.found} of {self.rows} accuracies are of no run here"


def table_check(table: Mapping[str, Any], accuracies: Iterable[float]) -> TableCheck | None:
    """table: {columns, rows} as handed in. accuracies: shares that were measured. None where nothing can be compared."""
    measured = [100 * one for one in accuracies]
    place = next((n for n, head in enumerate(table.get("columns", [])) if _is_accuracy(head)), None)
    if place is None or not measured:
        return None
    said = [_number(row[place]) for row in table.get("rows", []) if len(row) > place]
    numbers = [one for one in said if one is not None]
    if not numbers:
        return None
    return TableCheck(sum(any(abs(one - seen) <= NEAR for seen in measured) for one in numbers), len(numbers))


def _is_accuracy(head: Any) -> bool:
    return bool(re.search(r"accura", str(head), re.I)) and "%" in str(head)


def _number(cell: Any) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,3}(?:[.,]\d+)?)\s*%?\s*", str(cell))
    return float(match[1].replace(",", ".")) if match else None
