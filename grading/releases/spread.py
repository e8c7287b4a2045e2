"""How the grades of a class are spread, without a name: median, mean, quartiles, and how many stand in each step. Pure.

Fewer than `LEAST` grades are no class: each number would tell of somebody. So there is nothing to show for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import mean, quantiles

LEAST = 5  # grades, and pieces of work that they are of
STEPS = 10
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Spread:
    """In points. of: what the whole is worth. steps: how many grades stand in each tenth of the way from 0 to `of`; what is at `of` and
    above it, by extra credit, is in the last."""

    count: int
    of: Decimal
    mean: Decimal
    lower: Decimal
    median: Decimal
    upper: Decimal
    steps: tuple[int, ...]

    def place_of(self, points: Decimal) -> str:
        """Where one grade stands among them, in words."""
        if points < self.lower:
            return "in the lowest quarter"
        if points < self.median:
            return "between the lower quartile and the median"
        if points == self.median:
            return "at the median"
        if points <= self.upper:
            return "between the median and the upper quartile"
        return "in the highest quarter"


def spread_of(points: Sequence[Decimal], of: Decimal, *, least: int = LEAST) -> Spread | None:
    """None of fewer than `least` grades, and where nothing can be earned."""
    if len(points) < max(least, 1) or of <= 0:
        return None
    lower, median, upper = quantiles(points, n=4, method="inclusive") if len(points) > 1 else [points[0]] * 3
    steps = [0] * STEPS
    for value in points:
        steps[max(0, min(int(value * STEPS / of), STEPS - 1))] += 1
    return Spread(len(points), of, _cents(mean(points)), _cents(lower), _cents(median), _cents(upper), tuple(steps))


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
