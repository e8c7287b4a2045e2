"""Where the parts of a spread lie in its drawing, 400 wide: a bar for each step, the middle half of the grades, the median, one's own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from grading.releases.spread import LEAST, STEPS, Spread

LEFT, WIDE, HIGH = 4.0, 392.0, 84.0
GAP = 3.0


@dataclass(frozen=True)
class Drawn:
    """bars: x, y, width, height, count, and the points from which and to which the step goes. own: None where nobody's is marked."""

    spread: Spread
    bars: tuple[Mapping[str, Any], ...]
    lower: float
    median: float
    upper: float
    own: float | None = None
    own_points: Decimal | None = None
    place: str = ""

    @property
    def middle(self) -> float:
        """How wide the band of the middle half is; never so narrow that it is not seen."""
        return max(self.upper - self.lower, 1.0)

    @property
    def sentence(self) -> str:
        one = self.spread
        if one.count < LEAST:
            return f"{one.count} grade{'s' * (one.count != 1)}; the median is {one.median} of {one.of:.2f}."
        return f"Half of the {one.count} grades lie between {one.lower} and {one.upper}; the median is {one.median} of {one.of:.2f}."


def drawn(spread: Spread, own: Decimal | None = None) -> Drawn:
    most, step = max(spread.steps), WIDE / STEPS
    bars = tuple(
        {
            "x": round(LEFT + n * step + GAP / 2, 1), "width": round(step - GAP, 1), "count": count,
            "height": round(HIGH * count / most, 1), "y": round(HIGH - HIGH * count / most, 1),
            "from": spread.of * n / STEPS, "to": spread.of * (n + 1) / STEPS,
        }
        for n, count in enumerate(spread.steps)
    )  # fmt: skip
    at = {name: _x(getattr(spread, name), spread.of) for name in ("lower", "median", "upper")}
    place = "" if own is None else spread.place_of(own)
    return Drawn(spread, bars, **at, own=None if own is None else _x(own, spread.of), own_points=own, place=place)


def _x(points: Decimal, of: Decimal) -> float:
    """What is above the whole by extra credit stands at its end."""
    return round(LEFT + WIDE * min(float(points / of), 1.0), 1)
