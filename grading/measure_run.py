"""One model from file to points: check, time, predict, score. No database: the worker hands in paths and takes a JSON document.

Everything that opens the model happens in the sandbox. The labels are read here, outside, after the predictions have come out.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench import canaries, engine, scoring, suspicions
from grading.bench.errors import BenchError
from grading.bench.measurement import Measurement
from grading.bench.on_device import Choice, device_json
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox
from grading.bench.training.on_device import training_json
from grading.modelled import Modelled, modelled_of
from grading.points import points_for
from grading.run_setting import setting_for
from grading.spec import BenchSpec
from grading.training_points import add_training
from grading.where_to_run import Place
from hardware.profiles import DeviceProfile

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
    profiles: Mapping[str, DeviceProfile],
    choice: Choice | None = None,
    work: Path | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """Measure one model against one lab.

    Args:
        inputs: .npy, float32 (n, *first layout of the spec without its batch). labels: .npy, int64 (n,).
        seed: the hidden inputs are sent in a random order that follows from it.
        profiles: the devices of the course, by slug. choice: by which convention the course counts a charge.
        work: where a copy of the inputs may lie while this runs; the system's temporary folder where None.
        place: where this is and why, of grading/where_to_run.py; a process where None.

    Returns:
        JSON-ready {report, host, metrics, quality, points, environment, earned, of, left_open, suspicions}. Where there are
        suspicions, a person must look at the run before it counts (grading/bench/suspicions.py).

    Raises:
        BenchError: with the outcome it means for the run.
    """
    setting = setting_for(spec, place or Place("process"), profiles.get(spec.device))
    report = inspected(model, spec, sandbox, on_progress)
    layout = check_signature(report, spec, lab)
    with tempfile.TemporaryDirectory(prefix="milliamp-inputs-", dir=work) as folder:
        arranged = arrange_inputs(inputs, spec, layout, Path(folder) / "inputs.npy")
        given = canaries.mixed(arranged, seed, Path(folder) / "mixed.npy")
        copies = canaries.copied(model, arranged, seed)
        with setting.out_of_memory_named():
            measurement = engine.measure(
                model, report, sandbox=sandbox, inputs=given.path, seed=seed, scores=len(spec.classes),
                on_progress=on_progress, limits=setting.limits,
            )  # fmt: skip
    on_progress("points", 0, 0)
    quality, alike = _scored(given, measurement, labels, spec, copies)
    around = _boards(report, profiles, spec, choice or Choice())
    around |= {"isolation": sandbox.label, "graded_by": setting.graded_by}
    document = _document(report, measurement, quality, spec, (name, model.stat().st_size), around)
    return document | {"suspicions": suspicions.look(report, measurement, alike) + setting.no_board()}


def _scored(
    given: canaries.Mixed, measurement: Measurement, labels: Path, spec: BenchSpec, found: tuple[int, int]
) -> tuple[scoring.Quality, suspicions.Answers]:
    """How good the answers are, and what the same inputs a little changed say of them. found: as `_alike` takes it."""
    truth = np.load(labels, allow_pickle=False)
    answers, changed = given.split(measurement.predictions)
    scores = np.asarray(answers, dtype=np.float32).reshape(len(truth), len(spec.classes))
    quality = scoring.classification(scores, truth, spec.classes)
    return quality, _alike(given, scores, changed, truth, found)


def inspected(model: Path, spec: BenchSpec, sandbox: Sandbox, on_progress: Progress) -> Report:
    """The check. It is ours and no device does it, so it has the limits of the lab wherever the model runs. Raises BenchError."""
    on_progress("check", 0, 0)
    hint = [next(iter(spec.input.shapes.values()))]
    limits = Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes)
    return engine.inspect(model, sandbox=sandbox, input_shapes=hint, on_progress=on_progress, limits=limits)


def _boards(report: Report, profiles: Mapping[str, DeviceProfile], spec: BenchSpec, choice: Choice) -> dict[str, Any]:
    found = {"devices": devices_json(report, profiles, spec, choice), "budget": budget_json(choice)}
    if spec.training is None:
        return found
    return found | {"training": training_json(report, profiles, spec.training, choice, timed=spec.devices)}


def budget_json(choice: Choice) -> dict[str, Any]:
    """How hours on a charge were counted: a course may change that later, a result keeps it."""
    return {"convention": choice.convention, "volts": choice.volts, "capacity_mah": choice.capacity_mah}


def devices_json(
    report: Report, profiles: Mapping[str, DeviceProfile], spec: BenchSpec, choice: Choice
) -> dict[str, dict[str, Any]]:
    """Fit and prediction by device. Operators only for the lab's own: a figure of each would fill the database."""
    found = {slug: device_json(report, profile, choice) for slug, profile in profiles.items()}
    return {slug: one if slug in spec.devices else one | {"operators": []} for slug, one in found.items()}


def _alike(
    given: canaries.Mixed, scores: NDArray[Any], changed: Sequence[Any], truth: NDArray[Any], found: tuple[int, int]
) -> suspicions.Answers:
    """The answers to the same inputs, as they are and a little changed. found: how many the file holds, of how many looked for."""
    places = list(given.places)
    plain, again = canaries.right(scores[places], truth[places]), canaries.right(changed, truth[places])
    lost, won = int((plain & ~again).sum()), int((again & ~plain).sum())
    return suspicions.Answers(len(places), lost, won, held=found[0], looked_for=found[1])


def metrics_of(report: Report, quality: scoring.Quality, model_bytes: int) -> dict[str, float]:
    """The flat numbers that criteria may name (see grading/spec/ METRICS)."""
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
    file: tuple[str, int],
    around: dict[str, Any],
) -> dict[str, Any]:
    """file: its name and bytes. around: what the environment says besides what the measurement does."""
    modelled = (
        modelled_of(around["devices"].get(spec.device), spec.device, around["budget"]) if spec.device else Modelled()
    )
    add_training(modelled, around.get("training"), spec)
    metrics = metrics_of(report, quality, file[1]) | modelled.metrics
    shape = "×".join(str(n) for n in report.inputs[0].shape)
    notes = {
        criterion.key: f"input {shape} {report.inputs[0].dtype}, {len(spec.classes)} outputs"
        for criterion in spec.criteria
        if criterion.rule.kind == "pass"
    }
    intervals = {"accuracy": (quality.low, quality.high), **modelled.intervals}
    points = points_for(spec, metrics, intervals, notes, modelled.left_open, fit=modelled.fit, how=modelled.how)
    return {
        "report": {**report.to_json(), "file": file[0]},
        "host": measurement.host.to_json(),
        "metrics": metrics,
        "quality": quality.to_json(),
        "points": points.lines_json(),
        "environment": {**measurement.environment, **around},
        "earned": points.earned,
        "of": points.of,
        "left_open": points.left_open,
    }


def check_signature(report: Report, spec: BenchSpec, lab: str) -> str:
    """Does the model take what the lab gives and answer what it asks?

    Returns:
        The layout (a key of spec.input.shapes) in which the model wants its input.

    Raises:
        BenchError: one for all that differs, `input_mismatch` or, where only the output does, `output_mismatch`. details:
            compare (row by row), shape (the lab's, in the layout usual for the format), shapes (by layout), format.
    """
    shapes = spec.input.shapes
    one = len(report.inputs) == 1
    layout = next((key for key, shape in shapes.items() if one and tuple(shape) == tuple(report.inputs[0].shape)), None)
    fits = _Fits(
        shape=layout is not None,
        dtype=one and (report.inputs[0].dtype == "float32" or _is_quantized(report)),
        output=len(report.outputs) == 1 and _scores_in(report.outputs[0].shape) == len(spec.classes),
    )
    if layout is not None and fits.dtype and fits.output:
        return layout
    wanted = shapes[layout or _usual_layout(report.format, shapes)]
    said = [] if fits.input else [_input_differs(report, wanted, lab, fits)]
    said += [] if fits.output else [_output_differs(report, spec, lab, "This model" if fits.input else "It")]
    last_layer = f"Give its last layer {len(spec.classes)} outputs"
    if fits.input:
        said.append(f"{last_layer}, and export it again.")
    else:
        said.append(
            "Export it again with that input." if fits.output else f"{last_layer}, and export it with that input."
        )
    raise BenchError(
        "output_mismatch" if fits.input else "input_mismatch",
        " ".join(said),
        details={
            "compare": _compare(report, spec, wanted, fits),
            "shape": list(wanted),
            "shapes": {key: list(shape) for key, shape in shapes.items()},
            "format": report.format,
        },
    )


@dataclass(frozen=True)
class _Fits:
    """What of a model's signature is as the lab has it."""

    shape: bool
    dtype: bool
    output: bool

    @property
    def input(self) -> bool:
        return self.shape and self.dtype


def _is_quantized(report: Report) -> bool:
    """TFLite says with which steps its whole numbers stand for real ones, so float32 can be turned into them."""
    return report.format == "tflite" and report.inputs[0].dtype in QUANTIZED


def _usual_layout(model_format: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """TFLite puts the channels last, the others put them first."""
    return next((key for key in shapes if key.endswith("C") == (model_format == "tflite")), next(iter(shapes)))


def _input_differs(report: Report, wanted: tuple[int, ...], lab: str, fits: _Fits) -> str:
    """What the model takes and what the lab gives, in those words only that differ."""
    if len(report.inputs) != 1:
        return f"This model has {len(report.inputs)} inputs; {lab} gives one, {_times(wanted)} float32."
    given, dtype = _times(report.inputs[0].shape), report.inputs[0].dtype
    if fits.dtype:
        return f"This model expects an input of {given}. {lab} gives {_times(wanted)}."
    if fits.shape:
        return f"This model expects its input in {dtype}. {lab} gives float32."
    return f"This model expects an input of {given} {dtype}. {lab} gives {_times(wanted)} float32."


def _output_differs(report: Report, spec: BenchSpec, lab: str, subject: str) -> str:
    outputs = ", ".join(_times(output.shape) for output in report.outputs) or "nothing"
    return f"{subject} answers {outputs}. {lab} asks for one output of {len(spec.classes)} scores, one for each class."


def _compare(report: Report, spec: BenchSpec, wanted: tuple[int, ...], fits: _Fits) -> list[dict[str, Any]]:
    outputs = ", ".join(_times(output.shape) for output in report.outputs) or "none"
    output = _row("Output", outputs, f"1×{len(spec.classes)}", fits.output)
    if len(report.inputs) != 1:
        return [_row("Inputs", str(len(report.inputs)), "1", False), output]
    dtype = report.inputs[0].dtype
    told = f"{dtype}, quantized from float32" if _is_quantized(report) else dtype
    return [
        _row("Input shape", _times(report.inputs[0].shape), _times(wanted), fits.shape),
        _row("Input type", told, "float32", fits.dtype),
        output,
    ]


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
