"""How a column of numbers is spread: its median, and how many stand in each step of a tiny histogram. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median

BARS = 8


def median_of(values: Sequence[Decimal]) -> Decimal | None:
    return median(values) if values else None


def bars(values: Iterable[Decimal], top: Decimal) -> tuple[int, ...]:
    """How many stand in each eighth of the way from 0 to top; what is at the top and above it is in the last. Empty without a value."""
    found = [0] * BARS
    for value, times in Counter(values).items() if top > 0 else ():
        found[max(0, min(int(value * BARS / top), BARS - 1))] += times
    return tuple(found) if any(found) else ()
