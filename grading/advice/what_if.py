"""What a change of the network would bring: counted and modelled anew, and the points that follow. Accuracy is never predicted. Pure.

Each change is made to a copy of the stored graph (grading/bench/edits.py), which is then counted and predicted as the hand-in was.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from grading.bench import edits
from grading.bench.fit import peak_bytes, stored_precision, weight_bytes
from grading.bench.on_device import Choice, device_json
from grading.bench.pipeline import PipelineReport, merged, span_of
from grading.bench.report import Report
from grading.figures.base import Given
from grading.figures.costs import choice_of
from grading.figures.layer_rows import short_names
from grading.points.modelled import Modelled, modelled_of
from grading.points.shares import ALL, share_earned, share_exact
from grading.spec import Condition, Criterion, Rule
from grading.spec.criteria import MORE_IS_BETTER
from grading.spec.device_metrics import FITS

MOST_TRIED = 24
MOST_VISITS = 8_000  # operators that all tries together look at: a page waits for them
FELT = 0.05  # a change of less is not worth a sentence


@dataclass(frozen=True)
class Effect:
    """One change. kind: split, stride, narrow or int8. title: what to do. metrics: name -> value after it.

    Among the metrics `fits` is 1.0 or 0.0. interval_ms: of the latency. gain: points that follow, of the criteria in `gains`, by the metric
    on which they hang; open ones are never counted.
    """

    kind: str
    title: str
    metrics: dict[str, float]
    before: dict[str, float]
    interval_ms: tuple[float, float] | None = None
    gains: dict[str, float] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        return sum(self.gains.values())

    def fell(self, metric: str) -> float:
        """By what share a number became smaller; 0 where it did not or is not known."""
        old, new = self.before.get(metric, 0.0), self.metrics.get(metric)
        return 1 - new / old if old and new is not None and new < old else 0.0

    def helped(self, metric: str) -> float:
        """By what share a number became better, 0 to 1: smaller, or larger where more is better."""
        if metric not in MORE_IS_BETTER and metric != FITS:
            return self.fell(metric)
        old, new = self.before.get(metric), self.metrics.get(metric)
        return 1 - old / new if old is not None and new is not None and new > old >= 0 else 0.0


Made = tuple[Report, bool, str | None]  # the report, whether its peak is known, and at which precision it is computed


def effects(given: Given) -> list[Effect]:
    """All changes that can be tried, as many as a page has time for. Empty for results that hold no kernels yet."""
    report = given.report
    if given.spec.kind.trains:
        return []  # its operators belong together: a layer that is changed has its gradients elsewhere in the graph
    if report is None or report.absent_weights or not report.operators:
        return []
    now = _numbers(given, (report, True, None))
    found = []
    most = min(MOST_TRIED, max(MOST_VISITS // len(report.operators), 2))
    for kind, title, make in islice(_changes(given, report), most):
        made = make()
        if made is not None:
            found.append(_effect(given, kind, title, now, _numbers(given, made)))
    return found


# -- what is tried ----------------------------------------------------------------------------------------------------


def _changes(given: Given, report: Report) -> Iterator[tuple[str, str, Callable[[], Made | None]]]:
    """(kind, what to do, how it is made): 8-bit weights first, then the layers that cost most, and those at the peak."""
    if stored_precision(report) != "int8":
        yield "int8", "Quantize it to int8, weights and activations.", lambda: (report, True, "int8")
    names = short_names(given.result["report"]["operators"])
    for index in _layers(given, report):
        name = names[index]
        yield (
            "split",
            f"Split {name} into a depthwise and a pointwise layer.",
            partial(_made, edits.split, report, index),
        )
        yield (
            "stride",
            f"Give {name} stride 2, so that all after it works on a quarter of the places.",
            partial(_made, edits.strided, report, index),
        )
        yield "narrow", f"Give {name} half its outputs.", partial(_made, edits.narrowed, report, index)


def _layers(given: Given, report: Report) -> list[int]:
    """The layers to look at, each once: in turn the ones that cost most, and those around the peak."""
    cost = given.lab_costs.operators
    heavy = sorted(
        (op.index for op in report.operators if op.macs), key=lambda n: (-cost.get(n, 0.0), -report.operators[n].macs)
    )
    at_peak = report.operators[report.peak_operator]
    near = [index for index in (*at_peak.sources, at_peak.index) if index >= 0]
    makers = [source for index in near for source in report.operators[index].sources if source >= 0]
    around = [index for index in (*near, *makers) if report.operators[index].macs]
    mixed = [index for pair in zip(heavy, around, strict=False) for index in pair]
    return list(dict.fromkeys([*mixed, *heavy, *around]))


def _made(edit: Callable[[Report, int], edits.Edited | None], report: Report, index: int) -> Made | None:
    edited = edit_stage(edit, report, index) if isinstance(report, PipelineReport) else edit(report, index)
    return (edited.report, edited.knows_peak, None) if edited is not None else None


def edit_stage(
    edit: Callable[[Report, int], edits.Edited | None], report: PipelineReport, index: int
) -> edits.Edited | None:
    """The pipeline with one layer of one stage changed, in all its calls; index: of the whole. Later calls are the same layer again."""
    number, call, own = span_of(report, index)
    stage = report.stages[number]
    edited = edit(stage.report, own) if call == 0 else None
    if edited is None:
        return None
    stages = (*report.stages[:number], replace(stage, report=edited.report), *report.stages[number + 1 :])
    return edits.Edited(merged(stages, sha256=report.sha256), edited.knows_peak)


# -- what it comes to -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbers:
    """open: metrics from which no points would follow. interval_ms: of the latency."""

    metrics: dict[str, float]
    open: frozenset[str] = frozenset()
    interval_ms: tuple[float, float] | None = None


def _numbers(given: Given, made: Made) -> _Numbers:
    """Counted as grading/measuring/measure_run.py counts a hand-in, and predicted for the lab's board by the same runtime."""
    report, knows_peak, precision = made
    weights = weight_bytes(report, precision)
    metrics = {
        "macs": float(report.macs), "params": float(report.params), "model_bytes": float(max(report.bytes - report.weight_bytes, 0) + weights),
        "weight_bits_mean": 8.0 if precision == "int8" else sum(float(bits) * share for bits, share in report.weight_bits.items()),
    }  # fmt: skip
    if knows_peak:
        metrics["peak_activation_bytes"] = float(peak_bytes(report, precision))
    verdict = _verdict(given, report, precision)
    if verdict is None:
        return _Numbers(metrics)
    found = modelled_of(verdict, given.spec.device, given.result.get("environment", {}).get("budget"))
    modelled = found.metrics | {key: verdict[key] for key in ("latency_ms", "energy_mj") if verdict[key] is not None}
    if knows_peak:
        modelled[FITS] = float(verdict["fits"])
    else:  # what it needs is not known, and so not whether it fits
        modelled.pop("ram_needed_bytes", None)
    ends = verdict["latency_interval_ms"]
    return _Numbers(metrics | modelled, _ungraded(found, verdict), (ends[0], ends[1]) if ends else None)


def _ungraded(found: Modelled, verdict: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(found.left_open) | (frozenset() if verdict["graded"] else {"latency_ms", "energy_mj"})


def _verdict(given: Given, report: Report, precision: str | None) -> Mapping[str, Any] | None:
    """What grading/bench/on_device.py says of the lab's board; None where the lab has none, or its result is older than that."""
    costs = given.lab_costs
    if costs.profile is None or not costs.verdict:
        return None
    usual = choice_of(given.result, given.calibrations)
    # Of several runtimes each stage keeps its own.
    named = str(costs.verdict.get("runtime") or "")
    runtime = None if " and " in named else named.partition("@")[0] or None
    charge = (usual.convention, usual.volts, usual.capacity_mah, usual.calibrations)
    found = device_json(report, costs.profile, Choice(runtime, precision, costs.verdict.get("threads"), *charge))
    if found["latency_ms"] is not None or costs.latency_ms is None:
        return found
    # At another precision this runtime may not be calibrated: then whatever is.
    return device_json(report, costs.profile, Choice(None, precision, None, *charge))


def _effect(given: Given, kind: str, title: str, now: _Numbers, then: _Numbers) -> Effect:
    gains: dict[str, float] = {}
    known, open_ = set(now.metrics) & set(then.metrics), _open(given) | then.open
    for criterion in given.spec.criteria:
        rests_on = set(criterion.metrics)
        if not rests_on <= known or rests_on & open_:
            continue  # no points would follow by themselves
        gained = criterion.points * (_share(criterion, then.metrics) - _share(criterion, now.metrics))
        if gained:
            metric = _hangs_on(criterion, now.metrics, then.metrics)
            gains[metric] = gains.get(metric, 0.0) + gained
    return Effect(kind, title, then.metrics, now.metrics, then.interval_ms, gains)


def _hangs_on(criterion: Criterion, *numbers: Mapping[str, float]) -> str:
    """The metric that a criterion is about: of several conditions the first that does not hold before or after."""
    conditions = criterion.rule.conditions
    failing = (one.metric or FITS for found in numbers for one in conditions if not _holds(one, found))
    return criterion.metrics[0] if criterion.rule.kind != "all_of" else next(failing)


def _share(criterion: Criterion, metrics: Mapping[str, float]) -> float:
    """The share of the points for these numbers."""
    if criterion.rule.kind == "all_of":
        return float(all(_holds(one, metrics) for one in criterion.rule.conditions))
    if criterion.rule.kind == FITS:
        return metrics[FITS]
    return share_earned(criterion.rule, metrics[criterion.metric]) if criterion.metric else 0.0


def _holds(condition: Condition, metrics: Mapping[str, float]) -> bool:
    if condition.kind == FITS:
        return metrics[FITS] == 1.0
    return share_exact(Rule(condition.kind, value=condition.value), metrics[condition.metric]) == ALL


def _open(given: Given) -> set[str]:
    return {line["metric"] for line in given.result["points"] if line.get("left_open")}
