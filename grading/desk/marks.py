"""What stands on a sheet: ticks and typed points, what they come to, and which items still lack a mark. Pure.

A sheet holds key of an item -> keys of the options ticked in it, or the points as they were typed. An item that is not in it was not
touched yet; one with nothing ticked gives 0 points, because somebody said so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from grading.forms.grades import points_of
from grading.grade import Grade
from grading.rubric import ZERO, Item, ticked

NOTHING = "-"  # the value of the box that says: none of these
MOST_DIGITS = 12
Ticks = dict[str, Any]


@dataclass(frozen=True)
class Marks:
    """ticks: items with options -> keys. points: plain items -> points. lacking: items that nobody has said anything about."""

    ticks: dict[str, list[str]]
    points: dict[str, Decimal | None]
    lacking: tuple[Item, ...]
    total: Decimal


def cleaned(items: Iterable[Item], raw: Mapping[str, Any]) -> Ticks:
    """What can be kept of what was sent: known items, options that are offered now, each once and in the order of the rubric."""
    found = Ticks()
    for item in items:
        said = raw.get(item.key)
        if item.is_withdrawn or said is None:
            continue
        if not item.is_ticked:
            if text := str(said).replace("\x00", "").strip()[:MOST_DIGITS]:
                found[item.key] = text
        elif isinstance(said, list):
            found[item.key] = [option.key for option in item.offered if option.key in said]
    return found


def marks_of(items: Sequence[Item], ticks: Mapping[str, Any]) -> Marks:
    """Raises BadInput (`not_points`) where typed points are no number."""
    chosen, points, lacking, total = dict[str, list[str]](), dict[str, Decimal | None](), list[Item](), ZERO
    for item in items:
        said = ticks.get(item.key)
        if item.is_withdrawn:
            continue
        if item.is_ticked:
            keys = said if isinstance(said, list) else None
            sum_of = ticked(item, keys) if keys is not None else None
            if keys is not None and sum_of is not None:
                chosen[item.key], total = keys, total + sum_of.points
            elif not item.is_extra:
                lacking.append(item)
        elif isinstance(said, str) and (found := points_of(said, f"points-{item.key}")) is not None:
            points[item.key], total = found, total + found
        elif not item.is_extra:
            lacking.append(item)
    return Marks(chosen, points, tuple(lacking), total)


def of_hand(items: Iterable[Item]) -> Decimal:
    """What can be given by hand, extra credit aside."""
    return sum((item.of for item in items if not item.is_withdrawn and not item.is_extra), ZERO)


def from_grade(items: Iterable[Item], grade: Grade) -> Ticks:
    """The marks that stand already, as a sheet holds them."""
    found = Ticks()
    for item in items:
        line = grade.line_of(item.key)
        if item.is_withdrawn or line is None or line.points is None:
            continue
        if not item.is_ticked:
            found[item.key] = f"{line.points:.2f}"
        elif (keys := [option.key for option in item.offered if option.key in line.options]) or not line.options:
            found[item.key] = keys
    return found
