"""Axes of the plots of a family: range, ticks, and whether they are logarithmic. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from courseplatform.core import numbers

DECADE = 10.0  # an axis is logarithmic where its values span more than this
PAD = 0.07
FEWEST = 4  # ticks that an axis has at least


@dataclass(frozen=True)
class Axis:
    """label: what it shows, with its unit, and `(log)` or where it starts where that is not zero. low, high: its ends."""

    label: str
    low: float
    high: float
    is_log: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        if self.is_log:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def words(self) -> list[str]:
        return [f"{tick:,.10g}".replace(",", numbers.THIN) for tick in self.ticks]


def axis_of(label: str, values: Sequence[float], reach: Sequence[float] = ()) -> Axis:
    """An axis for `values`, wide enough for `reach` too (the ends of intervals)."""
    low, high = min(*values, *reach, values[0]), max(*values, *reach, values[0])
    if low > 0 and max(values) / min(values) > DECADE:
        return _log_axis(label, low, high)
    pad = PAD * (high - low) or abs(high) * PAD or 1.0
    low, high = low - pad if low - pad > 0 or low < 0 else 0.0, high + pad
    return Axis(label, low, high, False, _multiples(low, high, _step(low, high)))


def percent_axis(label: str, values: Sequence[float], reach: Sequence[float]) -> Axis:
    """Percentages: never past 0 or 100, and the label says where the axis starts."""
    low, high = min([*values, *reach]), max([*values, *reach])
    step = _step(low, max(high, low + 1.0))
    low, high = max(floor(low / step) * step, 0.0), min(ceil((high + 1e-9) / step) * step, 100.0)
    if low >= high:
        low = high - step
    said = f"{label} (axis starts at {low:g})" if low else label
    return Axis(said, low, high, False, _multiples(low, high, step))


def _log_axis(label: str, low: float, high: float) -> Axis:
    pad = 10 ** (PAD * log10(high / low))
    low, high = low / pad, high * pad
    marks = (1, 3) if log10(high / low) < 3.5 else (1,)
    ticks = [
        mark * 10.0**power
        for power in range(floor(log10(low)), ceil(log10(high)) + 1)
        for mark in marks
        if low <= mark * 10.0**power <= high
    ]
    return Axis(f"{label} (log)", low, high, True, tuple(float(f"{tick:.6g}") for tick in ticks))


def _step(low: float, high: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that gives four ticks or more."""
    power = 10 ** floor(log10(high - low))
    steps = [mark * power for mark in (5, 2, 1, 0.5, 0.2, 0.1)]
    return float(next((step for step in steps if len(_multiples(low, high, step)) >= FEWEST), steps[-1]))


def _multiples(low: float, high: float, step: float) -> tuple[float, ...]:
    first = ceil(low / step - 1e-9)
    return tuple(float(f"{n * step:.6g}") for n in range(first, floor(high / step + 1e-9) + 1))
