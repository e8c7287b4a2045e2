"""What of a result can be held against those of others: narrow numbers, and of which kind each is. Pure: a stored result in, numbers out.

A latency is one of a device, a runtime and a number of threads, and it is modelled or measured on a board. Numbers of two kinds never stand in
one ranking. The precision is no part of the kind: it belongs to the model that somebody chose. A number on which no points may rest
(grading/points/modelled.py) is in no ranking either.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import Any

from courseplatform.core import numbers
from grading.ml_tasks.words import PERCENT
from grading.points.modelled import modelled_of
from grading.ranks.places import TIE_SHARE
from grading.spec import METRICS, MODELLED, BenchSpec
from grading.spec.criteria import MORE_IS_BETTER, words_of_metric
from hardware.profiles import RUNTIME_NAMES

POINTS = "points"
COSTS = ("latency_ms", "energy_mj", "macs", "peak_activation_bytes", "model_bytes", "params")
LABELS = {
    "accuracy": "Accuracy", "latency_ms": "Latency", "energy_mj": "Energy", "macs": "MACs", "peak_activation_bytes": "Memory at the peak",
    "model_bytes": "Model file", "params": "Parameters", "sparsity": "Sparsity",
    "two_of_four_sparsity": "Sparsity 2 of 4", "output_channel_sparsity": "Output channels at zero",
    "weight_bits_mean": "Bits of a weight", POINTS: "Measured points",
}  # fmt: skip
HEADS = {
    "share": ("%", 100.0), "rate": ("%", 100.0), "bytes": ("KiB", 1 / 1024), "ms": ("ms", 1.0), "mj": ("mJ", 1.0), "macs": ("k", 1e-3),
    "hours": ("h", 1.0), "mah": ("mAh", 1.0), "nats": ("nats", 1.0),
}  # fmt: skip
BASES = {"modelled": "modelled", "board": "measured on a board"}


@dataclass(frozen=True)
class ClassNumbers:
    """values: metric -> (value, low, high), in the unit of the metric; low and high are the ends of its interval, the value itself where it
    has none. kind: which device, runtime and threads latency and energy are of, and on what they rest; "" where there is neither."""

    values: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    kind: str = ""

    def value(self, metric: str) -> float | None:
        found = self.values.get(metric)
        return found[0] if found else None

    def kind_for(self, metric: str) -> str:
        """The kind where the metric has one; what is counted or measured on the hidden set is of the same kind for everybody."""
        return self.kind if metric in MODELLED else ""

    def to_json(self) -> dict[str, list[float]]:
        return {metric: list(ends) if ends[1:] != (ends[0],) * 2 else [ends[0]] for metric, ends in self.values.items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Sequence[float]], kind: str) -> "ClassNumbers":
        return cls({metric: (ends[0], ends[0], ends[0]) if len(ends) < 3 else (ends[0], ends[1], ends[2]) for metric, ends in raw.items()}, kind)  # fmt: skip


@lru_cache(maxsize=6000)
def numbers_from_text(text: str, kind: str) -> ClassNumbers:
    """From the JSON as the database keeps it. Shared by all who ask: not to be changed."""
    return ClassNumbers.from_json(json.loads(text), kind)


def numbers_of(result: Mapping[str, Any], device: str) -> ClassNumbers:
    """The numbers of one result.

    Args:
        result: metrics, quality, environment and earned, as results keep them; those of earlier versions lack keys, and then the number.
            Of the environment only `graded_by`, `runtime`, `runtime_version`, `threads` and the verdict of the lab's first device are read.
            device: slug of that, "" without one.
    """
    environment = result.get("environment") or {}
    found = {
        metric: (float(value),) * 3
        for metric, value in (result.get("metrics") or {}).items()
        if metric not in MODELLED and _is_number(value)
    }
    for metric in found:
        if ends := _interval(result.get("quality") or {}, metric):
            found[metric] = (found[metric][0], *ends)
    found[POINTS] = (float(result["earned"]),) * 3
    verdict = (environment.get("devices") or {}).get(device) if device else None
    kind, modelled = "", dict[str, tuple[float, float, float]]()
    if verdict:
        is_board = (environment.get("graded_by") or {}).get("on") == "board"
        modelled = _on_board(result) if is_board else _modelled(verdict, device, environment.get("budget"))
        kind = (
            (_kind_on_board(device, environment) if is_board else kind_of("modelled", device, verdict))
            if modelled
            else ""
        )
    return ClassNumbers(found | modelled, kind)


def _interval(quality: Mapping[str, Any], metric: str) -> tuple[float, float] | None:
    """As the scorers write it; that of the accuracy stands under names of its own."""
    ends = (quality.get("low"), quality.get("high")) if metric == "accuracy" else quality.get(f"{metric}_interval")
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_number, ends)):
        return None
    return float(ends[0]), float(ends[1])


def _modelled(
    verdict: Mapping[str, Any], device: str, budget: Mapping[str, Any] | None
) -> dict[str, tuple[float, float, float]]:
    try:
        said = modelled_of(verdict, device, budget)
    except (KeyError, TypeError, ValueError):  # a result of before the cost model said all this
        return {}
    if "latency_ms" not in said.metrics or "latency_ms" in said.left_open:
        return {}  # a charge by a nominal current would be left, which is the board's and not the model's
    return {
        metric: (value, *said.intervals.get(metric, (value, value)))
        for metric, value in said.metrics.items()
        if metric in MODELLED and metric not in said.left_open and _is_number(value)
    }


def _on_board(result: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """What the board measured: a modelled number beside it is of another kind."""
    held, graded_by = result.get("metrics") or {}, result["environment"]["graded_by"]
    named = MODELLED & set(graded_by.get("measured", MODELLED))
    return {metric: (float(held[metric]),) * 3 for metric in sorted(named) if _is_number(held.get(metric))}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _kind_on_board(device: str, environment: Mapping[str, Any]) -> str:
    """By the runtime and the threads of the board: those of the calibration say nothing of it."""
    name, version = str(environment.get("runtime") or ""), str(environment.get("runtime_version") or "")
    slug = next((slug for slug, known in RUNTIME_NAMES.items() if known == name), name)
    return kind_of(
        "board", device, {"runtime": f"{slug}@{version}" if slug else "", "threads": environment.get("threads")}
    )


def kind_of(basis: str, device: str, verdict: Mapping[str, Any]) -> str:
    return f"{basis}|{device}|{str(verdict.get('runtime') or '').replace('|', ' ')[:60]}|{verdict.get('threads') or ''}"


def kind_words(kind: str, names: Mapping[str, str]) -> str:
    """modelled, Raspberry Pi 4 (4 GB), TFLite 2.4.1, 4 threads. names: of devices by slug."""
    basis, device, runtime, threads = kind.split("|")
    count = f"{threads} thread{'' if threads == '1' else 's'}" if threads else ""
    name, _, version = runtime.partition("@")
    return ", ".join(
        part
        for part in (
            BASES.get(basis, basis),
            names.get(device, device),
            f"{RUNTIME_NAMES.get(name, name)} {version}".strip(),
            count,
        )
        if part
    )


def basis_of(metric: str, kind: str) -> str:
    """The mark beside a number: counted, modelled, measured."""
    if metric in MODELLED:
        return "measured" if kind.startswith("board|") else "modelled"
    return METRICS[metric][1] if metric in METRICS else "counted"


def is_less_better(metric: str) -> bool:
    return metric != POINTS and metric not in MORE_IS_BETTER


def tolerance_of(metric: str) -> float:
    """The share below which two numbers are a tie: what a model or a sensor says is no surer than that; what is counted is exact."""
    return TIE_SHARE if metric in MODELLED else 0.0


def main_metric(spec: BenchSpec) -> str:
    """What the task is about."""
    return spec.kind.main


def cost_metrics(spec: BenchSpec) -> list[str]:
    """What it may cost, the first that the class has numbers of is drawn: latency on the lab's first device, else what criteria name, else MACs."""
    of_device = ["latency_ms"] if spec.device else []
    named = [criterion.metric for criterion in spec.criteria if criterion.metric in COSTS]
    return list(dict.fromkeys([*of_device, *named, "macs"]))


def known_metrics() -> tuple[str, ...]:
    """What a leaderboard may rank."""
    return (*METRICS, POINTS)


def usual_metrics(spec: BenchSpec) -> list[str]:
    """Of a lab that names none. Points are left out: they are a part of a grade, and shown only where somebody wants that."""
    return list(dict.fromkeys([main_metric(spec), *cost_metrics(spec), "peak_activation_bytes"]))[:5]


def label_of(metric: str) -> str:
    return LABELS.get(metric) or words_of_metric(metric)


def head_of(metric: str) -> str:
    """Accuracy, %: with the unit in which a table and an axis say it."""
    unit = HEADS.get(METRICS[metric][0], ("", 1.0))[0] if metric in METRICS else ""
    return f"{label_of(metric)}, {unit}" if unit else label_of(metric)


def scaled(metric: str, value: float) -> float:
    """In the unit of `head_of`."""
    return value * HEADS.get(METRICS[metric][0], ("", 1.0))[1] if metric in METRICS else value


@lru_cache(maxsize=6000, typed=True)
def shown(metric: str, value: float) -> str:
    """Without its unit, as it stands below its head."""
    if metric == POINTS:
        return numbers.points(value)
    if METRICS[metric][0] in PERCENT:
        return f"{100 * value:.1f}"
    return numbers.digits(scaled(metric, value))


def said(metric: str, value: float) -> str:
    """With its unit, in a sentence."""
    return numbers.points(value) if metric == POINTS else numbers.with_unit(value, METRICS[metric][0])
