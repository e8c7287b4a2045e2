"""How a column of numbers is spread: its median, and how many stand in each step of a tiny histogram. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import median

BARS = 8


def median_of(values: Sequence[Decimal]) -> Decimal | None:
    return median(values) if values else None


def bars(values: Sequence[Decimal], top: Decimal) -> tuple[int, ...]:
    """How many stand in each eighth of the way from 0 to top; what is at the top and above it is in the last. Empty without a value.

    values: sorted, so that each edge is looked up and no value is divided.
    """
    if not values or top <= 0:
        return ()
    edges = [0, *(bisect_left(values, top * step / BARS) for step in range(1, BARS)), len(values)]
    return tuple(after - before for before, after in pairwise(edges))
