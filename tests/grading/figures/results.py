"""A stored result of a network that the cost model knows well: real counts, real predictions, made-up accuracy and host times."""

import copy
from dataclasses import replace

from grading.bench.architectures.catalogue import build
from grading.bench.on_device import Choice
from grading.bench.report import report_of
from grading.figures import Given
from grading.measuring.measure_run import budget_json, devices_json
from grading.points.again import Stored, points_again
from grading.points.lines import points_for
from grading.points.modelled import modelled_of
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.people import SPEC

BOARD = "rpi-4-4gb"
STEPS = {
    "latency_ms": [[5, 1.0], [9, 0.5]],
    "peak_activation_bytes": [[524288, 1.0], [1048576, 0.5]],
    "model_bytes": [[1e6, 1.0], [2e6, 0.5]],
    "frames_per_second": [[1, 0.5], [20, 1.0]],
}
QUALITY = {
    "n": 20, "correct": 17, "accuracy": 0.85, "low": 0.64, "high": 0.95, "classes": ["a", "b"], "confusion": [[9, 1], [2, 8]],
    "per_class": [0.9, 0.8], "worst_pairs": [{"true": "b", "predicted": "a", "count": 2}],
}  # fmt: skip
HOST = {
    "p50_ms": 6.2, "p90_ms": 6.4, "p99_ms": 9.4, "runs": 600, "first_ms": [21.0, 16.0, 9.2, 8.1, 7.4, 7.4, 7.0, 8.9, 7.4, 7.0],
    "samples_ms": [6.1, 6.2, 6.2, 6.3, 6.4, 9.4], "medians_ms": [6.2, 6.2, 6.3], "processes": 3, "peak_rss_bytes": 1, "isolation": "none",
}  # fmt: skip


def spec_with(*metrics, devices=(BOARD,), **steps):
    """The lab of the tests with a board and thresholds of its own for each metric."""
    raw = copy.deepcopy(SPEC) | {"devices": list(devices)}
    limits = STEPS | steps
    raw["criteria"] = raw["criteria"][:2] + [
        {
            "key": metric.replace("_", "-"),
            "title": metric,
            "metric": metric,
            "points": 1,
            "rule": {
                "kind": "steps",
                "steps": limits[metric],
                **({"better": "more"} if metric == "frames_per_second" else {}),
            },
        }
        for metric in metrics
    ]
    return BenchSpec.parse(raw)


def in_modules(report):
    """With names that tell modules: two operators to a block."""
    named = [replace(op, name=f"/block{op.index // 2}/{op.op_class}{op.index % 2}/{op.op}") for op in report.operators]
    return replace(report, operators=tuple(named))


def document_of(spec, name="mobilenet_v1", *, modules=False, **parameters):
    if name == "mobilenet_v1":
        parameters = parameters or {"width": 0.75, "resolution": 224, "quantised": True}
    report = report_of(build(name, **parameters), size=0, sha256="ab" * 32)
    report = replace(in_modules(report) if modules else report, bytes=report.weight_bytes + 30_000, format="onnx")
    devices = devices_json(report, load_profiles(), spec, Choice())
    modelled = modelled_of(devices.get(spec.device), spec.device)
    metrics = {
        "accuracy": QUALITY["accuracy"], "model_bytes": report.bytes, "params": report.params, "macs": report.macs,
        "peak_activation_bytes": report.peak_activation_bytes, "sparsity": 0.0,
        "weight_bits_mean": sum(float(bits) * share for bits, share in report.weight_bits.items()), **modelled.metrics,
    }  # fmt: skip
    points = points_for(spec, metrics, modelled.intervals, {}, modelled.left_open, fit=modelled.fit)
    return {
        "report": {**report.to_json(), "file": "net.onnx"}, "host": copy.deepcopy(HOST), "metrics": metrics, "quality": QUALITY,
        "points": points.lines_json(), "earned": points.earned, "of": points.of,
        "environment": {"devices": devices, "budget": budget_json(Choice()), "graded_by": {"label": "process", "reason": "", "ran_under_bytes": None}},
    }  # fmt: skip


def given_of(
    *metrics, name="mobilenet_v1", modules=False, board="", attempts=(), devices=(BOARD,), steps=None, **parameters
):
    spec = spec_with(*metrics, devices=devices, **(steps or {}))
    return Given(
        document_of(spec, name, modules=modules, **parameters), spec, load_profiles(), board=board, attempts=attempts
    )


def plain(text):
    return text.replace("\u202f", " ").replace("\u2009", " ")


ON_BOARD = {
    "runner": "pi4-01", "device": BOARD, "governor": "performance", "thermal": "ok", "temperature_before_c": 46.0, "temperature_after_c": 63.5,
    "energy_mj": 41.0, "p50_ms": 18.4, "medians_ms": [18.2, 18.4, 18.4, 18.5, 18.7], "runs": 500,
    "windows": [{"p50_ms": p50, "p90_ms": p50 + 0.6, "p99_ms": p50 + 2, "first_ms": 31.0} for p50 in (18.2, 18.4, 18.4, 18.5, 18.7)],
    "samples": [[n, 46 + n / 4, 1500, False, 2.4 if n < 10 else 4.6] for n in range(70)],
    "bracket": {"model": "golden-1", "before_ms": 7.1, "after_ms": 7.2, "drift_percent": 1.4, "baseline_ms": 7.1}, "clock_mhz": {"least": 1500, "most": 1500},
    "cooled_s": 12, "agent": "1.0.0", "kernel": "6.6", "runtime_version": "1.22.1", "threads": 4,
    "energy": {"source": "INA219", "idle_w": 2.4, "loaded_w": 4.6, "energy_mj": 84.6, "energy_mj_above_idle": 41.0, "mah": 3.2, "volts": 5.1,
               "inferences": 500, "seconds": 9.2},
}  # fmt: skip


def measured_given(*metrics, without=(), graded_by="board", **changes):
    """The same result as if pi4-01 had measured it: its points rest on that."""
    given = given_of(*metrics)
    board = {key: value for key, value in (ON_BOARD | changes).items() if key not in without}
    board.setdefault("energy_mj", None)  # every result of a board has the key
    environment = given.result["environment"] | {
        "on_board": board, "runtime": "ONNX Runtime", "runtime_version": "1.22.1", "threads": 4,
        "graded_by": {"on": graded_by, "label": "board pi4-01", "reason": "", "ran_under_bytes": None, "measured": ["latency_ms"]},
    }  # fmt: skip
    stored = Stored(given.result["metrics"], given.result["quality"], environment, given.result["points"])
    points = points_again(given.spec, stored)
    metrics = given.result["metrics"] | {"latency_ms": board["p50_ms"]}
    document = given.result | {
        "environment": environment,
        "metrics": metrics,
        "points": points.lines_json(),
        "earned": points.earned,
    }
    return replace(given, result=document)
