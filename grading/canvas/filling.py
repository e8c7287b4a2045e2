"""What goes into the columns of Canvas's file, cell by cell, and the file with it. Pure: no database."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from grading.canvas.matching import Pair
from grading.canvas.numbers import CENT, number_of, written
from grading.canvas.reading import EXCUSED, NOT_ASSIGNED, CanvasColumn, CanvasFile


@dataclass(frozen=True)
class Ours:
    """A column of our gradebook that can go to Canvas. of: what it can give. points: key of a person -> points; who is not in it has none."""

    key: str
    title: str
    of: Decimal
    points: Mapping[int, Decimal]


@dataclass(frozen=True)
class Change:
    """One cell. line: place of the line in the table."""

    line: int
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Filled:
    """What becomes of one column. same: cells that say it already. excused, not_assigned: cells of Canvas that are kept.
    empty: matched people who have no grade here. times: what our points are multiplied with, where the two maxima differ.
    """

    column: CanvasColumn
    ours: Ours
    changes: tuple[Change, ...]
    same: int
    excused: int
    not_assigned: int
    empty: int
    times: Decimal

    @property
    def overwritten(self) -> int:
        """Grades that Canvas has and that become others."""
        return sum(bool(change.old) for change in self.changes)


def filled(file: CanvasFile, pairs: Sequence[Pair], chosen: Sequence[tuple[CanvasColumn, Ours]]) -> list[Filled]:
    return [_column(file, pairs, column, ours) for column, ours in chosen]


def _column(file: CanvasFile, pairs: Sequence[Pair], column: CanvasColumn, ours: Ours) -> Filled:
    times = column.of / ours.of if column.of and ours.of and column.of != ours.of else Decimal(1)
    changes: list[Change] = []
    count = {"same": 0, "excused": 0, "not_assigned": 0, "empty": 0}
    for pair in pairs:
        old, points = file.old(pair.row, column), ours.points.get(pair.known.pk)
        if old.upper() == EXCUSED:
            count["excused"] += 1
        elif old.upper() == NOT_ASSIGNED:
            count["not_assigned"] += 1
        elif points is None:
            count["empty"] += 1
        else:
            new = (points * times).quantize(CENT, ROUND_HALF_UP)
            if number_of(old) == new:
                count["same"] += 1
            else:
                changes.append(Change(pair.row.place, pair.known.name, old, written(new, file.sign)))
    return Filled(column, ours, tuple(changes), **count, times=times)


def with_grades(file: CanvasFile, columns: Sequence[Filled]) -> bytes:
    """The same file, byte for byte, but for the cells that change."""
    return file.table.to_bytes(
        {(change.line, one.column.place): change.new for one in columns for change in one.changes}
    )


def digest_of(columns: Sequence[Filled]) -> str:
    """Of everything that would be written: a download that would write something else than its preview showed is refused."""
    said = repr([(one.column.id, one.ours.key, [(c.line, c.new) for c in one.changes]) for one in columns])
    return hashlib.sha256(said.encode()).hexdigest()[:32]
