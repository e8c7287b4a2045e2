"""Places with ties. Pure: values in, places out. docs/class.md says the same in words for those who are ranked.

Two numbers that differ by less than a tolerance are a tie, but that alone ranks nobody: 100 ties with 104 and 104 with 108, and 100 does not
tie with 108. So ties are told from one end. The best value that has no place yet heads a group; whoever lies within the tolerance of that
head shares the group's places; the first one outside heads the next group. Nobody is in two groups, whoever is better never has a worse
place, and nobody can climb by standing beside somebody who ties with somebody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TIE_SHARE = 0.05  # real boards repeat to 5-10 % over system and runtime releases (docs/measurement.md)
FUZZ = 1e-9  # relative: what a float's last digits say tells nobody apart


@dataclass(frozen=True, order=True)
class Place:
    """The places that a group shares, counted from 1: 16 and 17 for the two that come after fifteen others."""

    first: int
    last: int

    @property
    def is_tie(self) -> bool:
        return self.last > self.first

    def __str__(self) -> str:
        return f"{self.first}-{self.last}, tie" if self.is_tie else str(self.first)


def is_tie(best: float, value: float, tolerance: float, *, is_less_better: bool) -> bool:
    """Whether `value`, no better than `best`, differs from it by less than the share `tolerance` of `best`.

    Exactly at the tolerance it is no tie. With a tolerance of 0 only equal values are one.
    """
    worse = (value - best) if is_less_better else (best - value)
    room = tolerance * abs(best)
    return worse <= FUZZ * abs(best) or worse < room * (1 - FUZZ)


def place_of(own: float, values: Iterable[float], *, is_less_better: bool, tolerance: float = 0.0) -> Place:
    """The place of one value among all of them, itself included. Arguments as of `places`, which says the same of every value."""
    order = sorted(values, reverse=not is_less_better)
    end = 0
    while end < len(order):
        start, best = end, order[end]
        while end < len(order) and is_tie(best, order[end], tolerance, is_less_better=is_less_better):
            end += 1
        if is_tie(best, own, tolerance, is_less_better=is_less_better):
            return Place(start + 1, end)
    raise ValueError(f"{own} is none of the values")


def places(values: Sequence[float], *, is_less_better: bool, tolerance: float = 0.0) -> list[Place]:
    """The place of each value, in the order in which they were given.

    Args:
        values: finite numbers of one kind. is_less_better: a latency; else an accuracy. tolerance: a share of the best of a group.
    """
    order = sorted(range(len(values)), key=lambda n: values[n] if is_less_better else -values[n])
    found: list[Place | None] = [None] * len(values)
    start = 0
    while start < len(order):
        best, end = values[order[start]], start
        while end < len(order) and is_tie(best, values[order[end]], tolerance, is_less_better=is_less_better):
            end += 1
        for n in order[start:end]:
            found[n] = Place(start + 1, end)
        start = end
    return [place for place in found if place is not None]
