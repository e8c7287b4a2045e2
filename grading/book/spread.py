"""How a column of numbers is spread: its median, and how many stand in each step of a tiny histogram. Pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median

BARS = 8


def median_of(values: Sequence[Decimal]) -> Decimal | None:
    return median(values) if values else None


def bars(shares: Iterable[Decimal]) -> tuple[int, ...]:
    """How many stand in each eighth of the maximum; all of it, and more, is in the last. Empty without a value.

    shares: 0 to 1.
    """
    found = [0] * BARS
    for share in shares:
        found[max(0, min(int(share * BARS), BARS - 1))] += 1
    return tuple(found) if any(found) else ()
