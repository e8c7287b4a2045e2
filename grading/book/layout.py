"""The gradebook as it is drawn: which columns stand beside each other, their heads, and the order of the rows. Pure: no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from grading.book.columns import Column
from grading.book.rows import TOTAL, Book, BookRow
from grading.gradebook import Component, plain

SHOW = {"": "All", "risk": "At risk", "missing": "Missing work", "grading": "In grading"}


@dataclass(frozen=True)
class Head:
    """One column of the page. kind: cell, sum, earned, so_far, percent, letter, late, risk. at: place in the cells of a row. is_edge: a
    group begins here. spread: how many stand in each eighth."""

    kind: str
    key: str
    short: str
    second: str = ""
    title: str = ""
    url: str = ""
    at: int = -1
    is_edge: bool = False
    spread: tuple[int, ...] = ()
    is_work: bool = False
    is_hidden: bool = False  # from students, until the release


@dataclass(frozen=True)
class Group:
    """A word over some columns."""

    words: str
    span: int


@dataclass(frozen=True)
class Layout:
    heads: tuple[Head, ...]
    groups: tuple[Group, ...]


def layout_of(book: Book) -> Layout:
    """The columns group by group, each sum behind what it adds up, then what it all comes to, and last what stands outside the grade."""
    inside = [column for column in book.columns if column.component or not book.scheme.components]
    heads, groups = _grouped(book, inside)
    totals = _totals(book)
    if book.scheme.components:
        groups.append(Group("Total of 100", sum(head.kind in TOTALS for head in totals)))
        groups.append(Group("", sum(head.kind not in TOTALS for head in totals)))
    else:
        groups.append(Group("", len(totals)))
    outside, words = _grouped(book, [column for column in book.columns if column not in inside])
    return Layout((*heads, *totals, *outside), (*groups, *words))


def _grouped(book: Book, columns_of: Sequence[Column]) -> tuple[list[Head], list[Group]]:
    heads, groups = list[Head](), list[Group]()
    parts = {part.key: part for part in book.scheme.components}
    at = {column.key: place for place, column in enumerate(book.columns)}
    for _, columns in groupby(columns_of, key=lambda column: column.group or column.component):
        found = list(columns)
        made = [
            head
            for _, some in groupby(found, key=lambda one: one.component)
            for head in _part(book, parts, at, list(some))
        ]
        heads += [_edged(made[0]), *made[1:]]
        groups.append(Group(_group_words(parts, found, len(made)), len(made)))
    return heads, groups


TOTALS = ("earned", "so_far", "percent", "letter")


def _edged(head: Head) -> Head:
    return Head(**{**head.__dict__, "is_edge": True})


def _part(book: Book, parts: dict[str, Component], at: dict[str, int], columns: list[Column]) -> list[Head]:
    """The columns of one component, and their sum where there are several."""
    made = [_cell(book, at[column.key], column) for column in columns]
    part = parts.get(columns[0].component)
    if part is not None and len(columns) > 1:
        made.append(Head("sum", f"sum:{part.key}", "Sum", f"of {plain(part.percent)}", f"Sum of {part.title}"))
    return made


def _cell(book: Book, at: int, column: Column) -> Head:
    second = f"of {plain(column.weight)}" if column.weight is not None else ""
    if not second and not column.component and column.of:
        second = f"of {plain(column.of)}"
    return Head(
        "cell", column.key, column.short, second, column.title, column.url, at, spread=book.spreads.get(column.key, ()),
        is_work=column.is_work, is_hidden=column.is_work and not column.is_released and column.says == "not released",
    )  # fmt: skip


def _group_words(parts: dict[str, Component], columns: Sequence[Column], count: int) -> str:
    keys = list(dict.fromkeys(column.component for column in columns))
    if keys == [""]:
        return "Outside the grade"
    if count == 1 and not columns[0].group:
        return ""  # the head of the column says it
    percent = sum((parts[key].percent for key in keys), Decimal(0))
    name = columns[0].group or parts[keys[0]].title
    bonus = ", bonus" if all(parts[key].is_bonus for key in keys) else ""
    return f"{name}, {plain(percent)}{bonus}"


def _totals(book: Book) -> list[Head]:
    found = []
    if book.scheme.components:
        found = [
            Head("earned", "earned", "Earned", "points", "Points earned", is_edge=True),
            Head("so_far", "so_far", "Of", "so far", "What could have been earned so far"),
            Head("percent", "percent", "%", "so far", "Percent so far", spread=book.spreads.get(TOTAL, ())),
        ]
        if book.scheme.letters:
            found.append(Head("letter", "letter", "Letter", "so far", "Letter so far"))
    if any(row.late_left is not None for row in book.rows):
        found.append(Head("late", "late", "Late", "days left", "Late days left", is_edge=True))
    return [*found, Head("risk", "risk", "At risk", "who needs a word", "At risk", is_edge=found[-1:] == [] or found[-1].kind != "late")]  # fmt: skip


Key = Callable[[BookRow], Any]


def value_of(head: Head, row: BookRow) -> Decimal | None:
    """The number in a cell; None where it has none."""
    if head.kind == "cell":
        cell = row.cells[head.at]
        return cell.percent if cell.percent is not None else cell.points if cell.state == "uncounted" else None
    if head.kind == "sum":
        return row.sums.get(head.key.removeprefix("sum:"))
    found = {
        "earned": row.earned,
        "so_far": row.so_far,
        "percent": row.percent,
        "late": row.late_left,
        "risk": len(row.risks),
    }
    value = found.get(head.kind)
    return None if value is None else Decimal(value)


def ordered(rows: Sequence[BookRow], heads: Sequence[Head], key: str, *, falling: bool) -> list[BookRow]:
    """By one column; who has nothing there comes last either way. An unknown column is that of the names."""
    if key == "team":
        found = sorted(rows, key=lambda row: row.team.casefold(), reverse=falling)
        return [row for row in found if row.team] + [row for row in found if not row.team]
    head = next((one for one in heads if one.key == key), None)
    if head is None:
        return list(reversed(rows)) if falling else list(rows)
    if head.kind == "letter":
        head = next(one for one in heads if one.kind == "percent")
    values = {row.person: value_of(head, row) for row in rows}
    there = [row for row in rows if values[row.person] is not None]
    there.sort(key=lambda row: values[row.person] or Decimal(0), reverse=falling)
    return there + [row for row in rows if values[row.person] is None]


def marks_of(row: BookRow) -> str:
    """What of the chips fits a row: r at risk, m missing, g in grading."""
    states = {cell.state for cell in row.cells}
    return ("r" if row.risks else "") + ("m" if "missing" in states else "") + ("g" if "grading" in states else "")


MARK = {"risk": "r", "missing": "m", "grading": "g"}


def fits(row: BookRow, show: str, words: Sequence[str]) -> bool:
    """words: in small letters; each stands in the name or the team."""
    if show and MARK[show] not in marks_of(row):
        return False
    text = f"{row.sort_name} {row.name} {row.team}".casefold()
    return all(word in text for word in words)
