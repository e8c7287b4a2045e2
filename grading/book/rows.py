"""What a gradebook is once it is read: a row a student, with a cell for each column and what they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from grading.book.cells import Cell
from grading.book.columns import Column
from grading.book.risks import Risk
from grading.gradebook import Scheme

TOTAL = "total"


class BookRow(NamedTuple):
    """One student. person: the key. cells: parallel to the columns. sums: key of a component -> % of the course grade that it gave.

    earned: % of the course grade that is sure; so_far: what could have been earned; percent: earned of so_far after the curve. late_left:
    None where the course keeps no late days for this person.
    """

    person: int
    name: str
    sort_name: str
    email: str
    team: str
    sections: tuple[str, ...]
    cells: list[Cell]
    sums: Mapping[str, Decimal]
    earned: Decimal
    so_far: Decimal
    percent: Decimal | None
    letter: str
    late_left: int | None
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True)
class Book:
    """medians: key of a column -> of what was graded, as the cells show it. spreads: key of a column -> a small histogram of shares. `total`
    is the key of the percent so far in both."""

    scheme: Scheme
    columns: tuple[Column, ...]
    rows: list[BookRow]
    medians: Mapping[str, Decimal | None] = field(default_factory=dict)
    spreads: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def at_risk(self) -> int:
        return sum(bool(row.risks) for row in self.rows)
