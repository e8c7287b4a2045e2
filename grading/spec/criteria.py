"""Criteria: which metric gives how many points by which rule."""

from dataclasses import dataclass
from typing import Any

from grading.ml_tasks.registry import all_metrics
from grading.ml_tasks.registry import metrics as metrics_of_tasks
from grading.spec.baselines import Baselines
from grading.spec.device_metrics import DEVICE_METRICS, DEVICE_WORDS, FITS, MORE_OF_THE_DEVICE
from grading.spec.reader import Reader, SpecError
from grading.spec.rules import KINDS, WITHOUT_METRIC, Rule, read_rule
from grading.spec.training import OF_A_DEVICE, TRAINING_METRICS, TRAINING_WORDS

COMMON: dict[str, tuple[str, str]] = {
    # metric: (unit on the page, basis: how the number is got)
    "model_bytes": ("bytes", "counted"),
    "params": ("count", "counted"),
    "macs": ("macs", "counted"),
    "peak_activation_bytes": ("bytes", "counted"),
    "sparsity": ("share", "counted"),
    # Zeros that a device can skip, as grading/bench/report.py StructuredSparsity counts them.
    "two_of_four_sparsity": ("share", "counted"),
    "output_channel_sparsity": ("share", "counted"),
    "weight_bits_mean": ("bits", "counted"),
    # Of the lab's first device, by the cost model (grading/points/modelled.py); device_metrics.py has the rest of them.
    "latency_ms": ("ms", "modelled"),
    "energy_mj": ("mj", "modelled"),
}
METRICS = metrics_of_tasks() | COMMON | DEVICE_METRICS | TRAINING_METRICS
METRIC_WORDS = {
    **{name: metric.title for name, metric in all_metrics().items()}, "model_bytes": "Size of the file", "params": "Parameters", "macs": "Multiply-accumulates",
    "peak_activation_bytes": "Memory at the peak", "sparsity": "Share of zero weights",
    "two_of_four_sparsity": "Share of weights in the pattern 2 of 4", "output_channel_sparsity": "Share of output channels at zero",
    "weight_bits_mean": "Bits per weight",
    "latency_ms": "Latency on the board", "energy_mj": "Energy on the board",
    **DEVICE_WORDS, **TRAINING_WORDS,
}  # fmt: skip
MODELLED = frozenset(name for name, (_, basis) in METRICS.items() if basis == "modelled")
OF_DEVICE = MODELLED | set(DEVICE_METRICS) | set(OF_A_DEVICE) | {FITS}
# Of the others less is better.
MORE_IS_BETTER = MORE_OF_THE_DEVICE | {
    "sparsity", "two_of_four_sparsity", "output_channel_sparsity", "training_largest_batch",
    *(name for name, metric in all_metrics().items() if metric.more_is_better)
}  # fmt: skip
WEAKEST_FIRST = ("modelled", "measured", "counted")
MOST_POINTS = 9999


@dataclass(frozen=True)
class Criterion:
    """One line of a lab's points. bonus: extra credit, outside what the lab is worth."""

    key: str
    title: str
    points: float
    rule: Rule
    metric: str = ""
    group: str = ""
    note: str = ""
    bonus: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that its points rest on; `fits` among them where the device decides."""
        if self.rule.kind == "all_of":
            return tuple(one.metric or FITS for one in self.rule.conditions)
        if self.rule.kind == FITS:
            return (FITS,)
        return () if self.rule.kind in WITHOUT_METRIC else (self.metric,)

    @property
    def basis(self) -> str:
        """How its numbers are got: the weakest basis of all of them."""
        found = {basis_of(metric) for metric in self.metrics} or {"counted"}
        return next(basis for basis in WEAKEST_FIRST if basis in found)


def basis_of(metric: str) -> str:
    return METRICS[metric][1] if metric in METRICS else "counted"


def unit_of(metric: str) -> str:
    return METRICS[metric][0] if metric in METRICS else ""


def words_of_metric(metric: str) -> str:
    """For a place where no title stands: the words of the editor."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def read_criterion(raw: Any, place: str, baselines: Baselines | None = None) -> Criterion:
    """Raises SpecError."""
    reader = Reader(raw, place)
    metric = reader.text("metric", "")
    kind = reader.sub("rule").choice("kind", tuple(KINDS))
    if kind not in WITHOUT_METRIC and metric not in METRICS:
        raise SpecError(f"{place}.metric: {metric or 'missing'}; known metrics are {', '.join(METRICS)}.")
    criterion = Criterion(
        key=reader.text("key"),
        title=reader.text("title"),
        points=reader.number("points"),
        rule=read_rule(reader.sub("rule"), metric, baselines or {}, METRICS),
        metric=metric,
        group=reader.text("group", ""),
        note=reader.text("note", ""),
        bonus=reader.flag("bonus"),
    )
    reader.done("rule")
    if not 0 <= criterion.points <= MOST_POINTS:
        raise SpecError(f"{place}.points: {criterion.points:g} is not between 0 and {MOST_POINTS}.")
    return criterion
