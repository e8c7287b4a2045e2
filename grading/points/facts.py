"""What is known of a measured model when its points are counted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from courseplatform.core import numbers
from grading.points.modelled import Fit
from grading.spec.criteria import MODELLED, Criterion, unit_of, words_of_metric
from grading.spec.device_metrics import FITS

Interval = tuple[float, float]


@dataclass(frozen=True)
class Facts:
    """metrics, intervals: by name. left_open: why no points follow from a metric. how: how its value was got.

    fit: on the lab's device. measured: on a board.
    """

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    left_open: Mapping[str, str] = field(default_factory=dict)
    how: Mapping[str, str] = field(default_factory=dict)
    fit: Fit | None = None
    measured: frozenset[str] = frozenset()

    def basis_of(self, criterion: Criterion) -> str:
        """How its numbers were got; what is modelled as a rule may have been measured on a board."""
        modelled = {metric for metric in criterion.metrics if metric in MODELLED}
        return "measured" if modelled and modelled <= self.measured else criterion.basis

    def why_open(self, metric: str) -> str:
        """Why no points follow from a metric; "" where they do."""
        if metric in self.left_open:
            return self.left_open[metric]
        if metric == FITS:
            return "" if self.fit else "Whether the model fits the board was not worked out for this result."
        return "" if metric in self.metrics else f"{words_of_metric(metric)}: there is no such number of this model."

    def shown(self, metric: str) -> str:
        """41 ms (36-47): the unit once, unless its ends have another: 1.20 MiB (900 KiB-1.50 MiB)."""
        value, unit = self.metrics.get(metric), unit_of(metric)
        if value is None:
            return "no number"
        shown, interval = numbers.with_unit(value, unit), self.intervals.get(metric)
        if interval is None:
            return shown
        ends = [numbers.with_unit(end, unit).partition(numbers.NARROW) for end in interval]
        is_one = {end[2] for end in ends} == {shown.partition(numbers.NARROW)[2]}
        low, high = (end[0] if is_one else "".join(end) for end in ends)
        return f"{shown} ({low}-{high})"
