"""Metrics of one update step, for criteria: of the first method of the lab, on its first device where one is meant. Pure."""

from collections.abc import Mapping
from typing import Any

from grading.points.modelled import Modelled
from grading.spec import BenchSpec
from grading.spec.training import OF_A_DEVICE, TRAINING_METRICS

DIGITS = 6  # as in modelled.py
TIMES = {"training_step_latency_ms": "latency_ms", "training_step_energy_mj": "energy_mj"}
COUNTED = {
    "training_step_peak_bytes": "peak_bytes",
    "training_step_macs": "macs",
    "training_params": "trained_params",
}


def add_training(found: Modelled, training: Mapping[str, Any] | None, spec: BenchSpec) -> None:
    """Put the metrics of `training` (grading/bench/training/on_device.py: training_json) beside those that are there.

    What cannot be said is left open with the sentence why; time and energy always are, because no calibration measured training.
    """
    if spec.training is None:
        return
    told = training or {"reason": "No update step was counted for this model."}
    method: Mapping[str, Any] = next(iter(told.get("methods", [])), {})
    if why := told.get("reason") or method.get("why"):
        found.left_open.update(dict.fromkeys(TRAINING_METRICS, why))
        return
    found.metrics.update({metric: float(method[key]) for metric, key in COUNTED.items()})
    if spec.device:
        _on_device(found, told["devices"].get(spec.device), method["method"], spec.device)


def _on_device(found: Modelled, device: Mapping[str, Any] | None, method: str, slug: str) -> None:
    if device is None:
        gone = f"The device {slug} is no longer in this course, so nothing is known of training there."
        found.left_open.update(dict.fromkeys(OF_A_DEVICE, gone))
        return
    own = device["methods"][method]
    if own["largest_batch"] is None:
        found.left_open["training_largest_batch"] = "This way of training takes its examples one after the other."
    else:
        found.metrics["training_largest_batch"] = float(own["largest_batch"])
    said = next(iter(device["flags"]), "") or own["reason"] or own["why"]
    interval = own["latency_interval_ms"]
    for metric, key in TIMES.items():
        found.left_open[metric] = (
            f"Extrapolated: {said}" if own[key] is not None else said or "No time is modelled there."
        )
        if own[key] is not None and interval:
            found.metrics[metric] = _rounded(own[key])
            ends = (own[key] * end / own["latency_ms"] for end in interval)
            low, high = ends
            found.intervals[metric] = (_rounded(low), _rounded(high))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
