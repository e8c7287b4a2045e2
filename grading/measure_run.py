"""One model from file to points: check, time, predict, score. No database: the worker hands in paths and takes a JSON document.

Everything that opens the model happens in the sandbox. The labels are read here, outside, after the predictions have come out.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench import engine, scoring
from grading.bench.errors import BenchError
from grading.bench.fit import fit
from grading.bench.measurement import Measurement
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox
from grading.points import points_for
from grading.spec import BenchSpec
from hardware.profiles import load_profiles

Progress = Callable[[str, int, int], None]
QUANTIZED = {"int8", "uint8"}


def measure_run(
    *,
    model: Path,
    name: str,
    spec: BenchSpec,
    lab: str,
    inputs: Path,
    labels: Path,
    sandbox: Sandbox,
    seed: int,
    on_progress: Progress,
    work: Path | None = None,
) -> dict[str, Any]:
    """Measure one model against one lab.

    Args:
        inputs: .npy, float32 (n, *first layout of the spec without its batch). labels: .npy, int64 (n,).
        seed: the hidden inputs are sent in a random order that follows from it.
        work: where a copy of the inputs may lie while this runs; the system's temporary folder where None.

    Returns:
        JSON-ready {report, host, metrics, quality, points, environment, earned, of}.

    Raises:
        BenchError: with the outcome it means for the run.
    """
    on_progress("check", 0, 0)
    hint = [next(iter(spec.input.shapes.values()))]
    limits = Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes)
    report = engine.inspect(model, sandbox=sandbox, input_shapes=hint, on_progress=on_progress, limits=limits)
    layout = check_signature(report, spec, lab)
    with tempfile.TemporaryDirectory(prefix="milliamp-inputs-", dir=work) as folder:
        arranged = arrange_inputs(inputs, spec, layout, Path(folder) / "inputs.npy")
        measurement = engine.measure(
            model, report, sandbox=sandbox, inputs=arranged, seed=seed, scores=len(spec.classes),
            on_progress=on_progress, limits=limits,
        )  # fmt: skip
    on_progress("points", 0, 0)
    truth = np.load(labels, allow_pickle=False)
    scores = np.asarray(measurement.predictions, dtype=np.float32).reshape(len(truth), len(spec.classes))
    quality = scoring.classification(scores, truth, spec.classes)
    return _document(report, measurement, quality, spec, model.stat().st_size, name, sandbox.label)


def metrics_of(report: Report, quality: scoring.Quality, model_bytes: int) -> dict[str, float]:
    """The flat numbers that criteria may name (see grading/spec.py METRICS)."""
    return {
        "accuracy": quality.accuracy,
        "model_bytes": model_bytes,
        "params": report.params,
        "macs": report.macs,
        "peak_activation_bytes": report.peak_activation_bytes,
        "sparsity": report.sparsity,
        # Without any weight there is nothing that was made small: as if all were float32.
        "weight_bits_mean": sum(float(bits) * share for bits, share in (report.weight_bits or {"32": 1.0}).items()),
    }


def _document(
    report: Report,
    measurement: Measurement,
    quality: scoring.Quality,
    spec: BenchSpec,
    model_bytes: int,
    name: str,
    isolation: str,
) -> dict[str, Any]:
    metrics = metrics_of(report, quality, model_bytes)
    shape = "×".join(str(n) for n in report.inputs[0].shape)
    notes = {
        criterion.key: f"input {shape} {report.inputs[0].dtype}, {len(spec.classes)} outputs"
        for criterion in spec.criteria
        if criterion.rule.kind == "pass"
    }
    points = points_for(spec, metrics, {"accuracy": (quality.low, quality.high)}, notes)
    fits = {slug: fit(report, profile).to_json() for slug, profile in load_profiles().items()}
    return {
        "report": {**report.to_json(), "file": name},
        "host": measurement.host.to_json(),
        "metrics": metrics,
        "quality": quality.to_json(),
        "points": points.lines_json(),
        "environment": {**measurement.environment, "fits": fits, "isolation": isolation},
        "earned": points.earned,
        "of": points.of,
    }


def check_signature(report: Report, spec: BenchSpec, lab: str) -> str:
    """Does the model take what the lab gives and answer what it asks?

    Returns:
        The layout (a key of spec.input.shapes) in which the model wants its input.

    Raises:
        BenchError: code `input_mismatch` or `output_mismatch`; details.compare holds the comparison, row by row.
    """
    if len(report.inputs) != 1:
        raise BenchError("input_mismatch", f"This model has {len(report.inputs)} inputs; {lab} gives one.")
    given, dtype = tuple(report.inputs[0].shape), report.inputs[0].dtype
    layout = next((key for key, shape in spec.input.shapes.items() if tuple(shape) == given), None)
    dtype_fits = dtype == "float32" or (dtype in QUANTIZED and report.format == "tflite")
    first = next(iter(spec.input.shapes))
    wanted = spec.input.shapes[layout or first]
    compare = [
        _row("Input shape", _times(given), _times(wanted), layout is not None),
        _row("Input type", dtype, "float32", dtype_fits),
    ]
    outputs = [_times(output.shape) for output in report.outputs]
    answers = len(report.outputs) == 1 and _scores_in(report.outputs[0].shape) == len(spec.classes)
    compare.append(_row("Output", ", ".join(outputs) or "none", f"1×{len(spec.classes)}", answers))
    if layout is None or not dtype_fits:
        raise BenchError(
            "input_mismatch",
            f"This model expects {_times(given)} {dtype}. {lab} gives {_times(wanted)} float32. "
            "Export it again with that input.",
            details={"compare": compare, "shape": list(wanted)},
        )
    if not answers:
        raise BenchError(
            "output_mismatch",
            f"This model answers {', '.join(outputs) or 'nothing'}. {lab} asks for one output of {len(spec.classes)} scores, "
            "one for each class. Give its last layer that many outputs, and export it again.",
            details={"compare": compare, "shape": list(wanted)},
        )
    return layout


def _scores_in(shape: tuple[int, ...] | list[int]) -> int:
    """The number of scores of one input: 1x10 and 1x10x1x1 both give ten."""
    return int(np.prod(shape[1:], dtype=np.int64)) if len(shape) > 1 and shape[0] == 1 else -1


def _row(label: str, yours: str, gives: str, same: bool) -> dict[str, Any]:
    return {"label": label, "yours": yours, "gives": gives, "same": same}


def _times(shape: tuple[int, ...] | list[int]) -> str:
    return "×".join(str(n) for n in shape) or "scalar"


def arrange_inputs(inputs: Path, spec: BenchSpec, layout: str, target: Path) -> Path:
    """The hidden inputs in the layout the model wants: axes are moved by their letters, NCHW to NHWC."""
    stored = next(iter(spec.input.shapes))
    if layout == stored:
        return inputs
    data: NDArray[np.float32] = np.load(inputs, allow_pickle=False)
    data = data.transpose([stored.index(letter) for letter in layout])  # the first axis, N, holds all inputs
    np.save(target, np.ascontiguousarray(data, dtype=np.float32), allow_pickle=False)
    return target
