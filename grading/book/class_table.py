"""The table of a class: the cells of every column, and what each part of the grade adds up to, for everybody at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from grading.book.cells import Cell, cell_of_lines, cells_of_work, sum_of
from grading.book.columns import Column, piece_column
from grading.book.pieces import Pieces
from grading.book.work import Fact, WorkRows, piece_of
from grading.gradebook import ZERO, Component, Line, Pass, Piece, Scheme, State, part_of, pass_of
from grading.models.assignments import Assignment

Sum = tuple[Decimal, Decimal]  # earned, so far


@dataclass
class ClassTable:
    """cells: key of a column -> a cell for each person. sums: of each component in the order of the scheme, one for each person.

    entered: what enters by itself, by person and component.
    """

    scheme: Scheme
    rows: WorkRows
    columns: Sequence[Column]
    people: Sequence[int]
    entered: Pieces
    now: datetime
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    sums: list[list[Sum]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.items = {item.slug: item for item in self.rows.items}
        for item in self.rows.items:
            self.facts[item.slug] = self.rows.column(item, self.people, self.now)
        self.by_key = {column.key: column for column in self.columns}
        for component in self.scheme.components:
            self._add(component)
        for column in self.columns:
            if column.key not in self.cells:
                self.cells[column.key] = cells_of_work(self.facts[column.key], column.of, None)

    def _add(self, component: Component) -> None:
        items = [self.items[slug] for slug in component.work if slug in self.items]
        if not items or component.sources or component.drop_lowest:
            self._add_by_parts(component, items, range(len(self.people)))
            return
        weights = weights_of(component, items)
        for item, weight in zip(items, weights, strict=True):
            self.cells[item.slug] = cells_of_work(self.facts[item.slug], self.rows.of.get(item.pk, ZERO), weight)
        rows = zip(*(self.cells[item.slug] for item in items), strict=True)
        self.sums.append([sum_of(component, row, weights) for row in rows])
        mine = {item.pk for item in items}
        excused = [at for at, person in enumerate(self.people) if mine & self.rows.excused_of(person)]
        if excused:
            self._change_by_parts(component, items, excused)

    def _add_by_parts(self, component: Component, items: Sequence[Assignment], places: Sequence[int]) -> None:
        self.sums.append([(ZERO, ZERO)] * len(self.people))
        for column in self.columns:
            if column.component == component.key:
                self.cells[column.key] = [Cell("", State.AHEAD)] * len(self.people)
        self._change_by_parts(component, items, places)

    def _change_by_parts(self, component: Component, items: Sequence[Assignment], places: Sequence[int]) -> None:
        """As the explanation has it: for whoever's weights are not those of everybody."""
        mine = [column for column in self.columns if column.component == component.key]
        same: dict[tuple[int, ...], tuple[list[Cell], Sum]] = {}  # what has entered for nobody yet is one piece for all
        for at in places:
            person = self.people[at]
            work = [piece_of(self.rows, item, person, self.now, for_students=False) for item in items]
            pieces = [*work, *self.entered[person][component.key]]
            key = tuple(map(id, pieces))
            made = None if work else same.get(key)
            if made is None:
                made = same[key] = _by_parts(component, pieces, mine)
            for column, cell in zip(mine, made[0], strict=True):
                self.cells[column.key][at] = cell
            self.sums[-1][at] = made[1]

    def passes(self, at: int) -> tuple[Pass, ...]:
        """Of the person at this place."""
        fed = {slug for component in self.scheme.components for slug in component.work}
        pieces: Mapping[str, Fact] = {
            slug: self.facts[slug][at]
            for condition in self.scheme.conditions
            for slug in condition.of
            if slug in self.facts and slug in fed
        }
        return tuple(pass_of(condition, pieces) for condition in self.scheme.conditions)


def _by_parts(component: Component, pieces: Sequence[Piece], columns: Sequence[Column]) -> tuple[list[Cell], Sum]:
    """Of one person: a cell for each column of the component, and what it comes to."""
    part = part_of(component, pieces)
    lines = defaultdict[str, list[Line]](list)
    for line in part.lines:
        lines[piece_column(line.piece.key, line.piece.source)].append(line)
    return [cell_of_lines(column, lines[column.key]) for column in columns], (part.earned, part.so_far)


def weights_of(component: Component, items: Sequence[Assignment]) -> list[Decimal]:
    """% of the course grade of each, where nobody is excused and nothing is dropped: as part_of has them."""
    counted = sum(item.is_counted for item in items)
    total = max(component.count, counted)
    even = component.percent / total if total else ZERO
    return [
        ZERO if not item.is_counted else even if item.worth_percent is None else item.worth_percent for item in items
    ]
