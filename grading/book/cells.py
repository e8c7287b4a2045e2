"""The cells of a gradebook, a column at a time: ten thousand of them in a few hundredths of a second. Pure.

What part_of says with a sentence for each line is said here with numbers alone, for the parts whose weights are the same for everybody:
nothing dropped, nothing excused, nothing that enters by itself. The others go through part_of. A test holds both to the same numbers.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from grading.book.columns import Column
from grading.book.work import Fact
from grading.gradebook import SETTLED, ZERO, Component, Line, State, plain, shown


class Cell(NamedTuple):
    """text: as the table shows it. state: of State. points: of `Column.of`, where somebody gave some. percent: what it gives of the course
    grade. says: where it comes from, or what is wrong, in words."""

    text: str
    state: str
    points: Decimal | None = None
    percent: Decimal | None = None
    says: str = ""


NONE_YET = Cell("", State.AHEAD, says="nothing here yet")
ORDER = (State.GRADED, State.MISSING, State.GRADING, State.AHEAD, State.EXCUSED, State.UNCOUNTED)


def cells_of_work(facts: Sequence[Fact], of: Decimal, weight: Decimal | None) -> list[Cell]:
    """weight: % of the course grade; None: outside the grade, where points stand as they are. A fact that many share makes one cell."""
    made: dict[int, Cell] = {}
    found = []
    for fact in facts:
        cell = made.get(id(fact))
        if cell is None:
            cell = made[id(fact)] = _cell(fact, of, weight)
        found.append(cell)
    return found


def _cell(fact: Fact, of: Decimal, weight: Decimal | None) -> Cell:
    if weight is None or fact.state is State.UNCOUNTED:
        return Cell("" if fact.points is None else plain(fact.points), fact.state, fact.points)
    if fact.state not in SETTLED:
        return Cell("", fact.state, fact.points)
    percent = (fact.points or ZERO) / of * weight if of else ZERO
    text = f"{shown(percent)}" if fact.state is State.GRADED else "0"
    return Cell(text, fact.state, fact.points, percent)


def sum_of(component: Component, cells: Sequence[Cell], weights: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Earned, and what could have been earned so far."""
    earned, so_far = ZERO, ZERO
    for cell, weight in zip(cells, weights, strict=True):
        if cell.percent is not None:
            earned += cell.percent
            so_far += weight
    return earned if component.cap is None else min(earned, component.cap), so_far


def cell_of_lines(column: Column, lines: Sequence[Line]) -> Cell:
    """Of one piece as part_of has it, or of all that come from one source."""
    if not lines:
        return NONE_YET
    states = {line.piece.state for line in lines}
    state = next(one for one in ORDER if one in states)
    given = [line.piece.points for line in lines if line.piece.points is not None]
    points = sum(given, ZERO) if given else None
    settled = [line.percent for line in lines if line.percent is not None]
    says = "; ".join(line.piece.says for line in lines if line.piece.says)
    if state is State.AHEAD:
        return Cell("" if column.is_work else says, state, points, None, says)
    if state is State.UNCOUNTED:
        return Cell("" if points is None else plain(points), state, points, None, says)
    if not settled:
        text = f"({plain(points)})" if points is not None and state is State.GRADED else ""
        return Cell(text, state, points, None, "; ".join(filter(None, (says, _dropped(lines)))))
    percent = sum(settled, ZERO)
    text = f"{shown(percent)}" if column.is_work and state is State.GRADED else plain(percent)
    return Cell(text, state, points, percent, says)


def _dropped(lines: Sequence[Line]) -> str:
    return "among the lowest, dropped" if any(line.is_dropped for line in lines) else ""
