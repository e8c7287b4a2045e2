"""A rubric: items that are graded, and the options that a grader ticks in them. Pure: no database.

An item without options is graded by a number from 0 to what it gives. One with options is the sum of those that are ticked, never below 0
and never above what it gives; or it takes exactly one of them. An extra item gives points beyond what the assignment is worth.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal("0.00")
NOTHING = "-"  # what a page ticks where an item is graded and no option is meant; no key is written so


@dataclass(frozen=True)
class Option:
    """What can be ticked. points: what it gives, or takes where it is negative."""

    key: str
    title: str
    points: Decimal
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Item:
    """One item of the rubric. `of`: the most points it gives. A withdrawn one counts no more, and keeps its place in the timeline."""

    key: str
    title: str
    of: Decimal
    note: str = ""
    is_withdrawn: bool = False
    options: tuple[Option, ...] = ()
    is_one_of: bool = False
    is_extra: bool = False

    @property
    def offered(self) -> tuple[Option, ...]:
        """The options that can be ticked now."""
        return tuple(option for option in self.options if not option.is_withdrawn)

    def named(self, keys: Collection[str]) -> tuple[Option, ...]:
        """The options of these keys, in the order of the rubric, withdrawn ones too: what was ticked once."""
        return tuple(option for option in self.options if option.key in keys)

    @property
    def is_ticked(self) -> bool:
        """Whether it is graded by ticking; else by a number."""
        return bool(self.offered)


@dataclass(frozen=True)
class Mark:
    """What an item is worth now: points, and the keys of the options that were ticked for them. None: nothing is said any more."""

    points: Decimal | None
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ticked:
    """What the ticks of an item come to. said: the sum in words, with cap and floor."""

    points: Decimal
    said: str


def ticked(item: Item, keys: Collection[str]) -> Ticked | None:
    """Points of an item from its ticks; None where nothing follows from them yet: exactly one was to be chosen, and it was not."""
    chosen = [option for option in item.offered if option.key in keys]
    if item.is_one_of and len(chosen) != 1:
        return None
    total = sum((option.points for option in chosen), ZERO)
    points = max(ZERO, min(total, item.of))
    bound = f", at most {item.of}" if total > item.of else ", never below 0" if total < 0 else ""
    return Ticked(points, f"{_sum_words(chosen)}{bound}")


def _sum_words(chosen: Sequence[Option]) -> str:
    if not chosen:
        return "nothing ticked"
    return "; ".join(f"{option.title} ({signed(option.points)})" for option in chosen)


def signed(points: Decimal) -> str:
    """+2.00, \N{MINUS SIGN}0.25, 0.00: what an option gives or takes."""
    return f"{points:{'+' if points else ''}.2f}".replace("-", "\N{MINUS SIGN}")


def gone(item: Item, keys: Collection[str]) -> list[str]:
    """Ticks that cannot be given any more, because the rubric has changed since."""
    offered = {option.key for option in item.offered}
    return [key for key in keys if key not in offered]
