"""One variant of a family from file to row: check, time, predict, score. No database, and no points: it is for the plots.

As `measure_run`, but the side of the input may be another one than the lab's. Then the hidden inputs are averaged down to it.
"""

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.measurement import Measurement
from grading.bench.report import Report
from grading.bench.sandbox import Sandbox
from grading.families.sides import mapped, picture_side, sides_of, with_side
from grading.measuring.lab_inputs import arrange_inputs, normalise_inputs
from grading.measuring.measure_run import Progress, inspected, metrics_of
from grading.measuring.run_setting import Setting, setting_for
from grading.measuring.scored import scored
from grading.measuring.signature import check_signature
from grading.measuring.where_to_run import Place
from grading.ml_tasks.scoring.base import Inputs, Scored
from grading.spec import BenchSpec

PROCESSES = 3  # also for the formats of torch: one process has no interval


def measure_variant(
    *,
    model: Path,
    name: str,
    spec: BenchSpec,
    sizes: Sequence[int],
    lab: str,
    inputs: Path,
    labels: Path | None,
    sandbox: Sandbox,
    seed: int,
    on_progress: Progress,
    work: Path | None = None,
    setting: Setting | None = None,
) -> dict[str, Any]:
    """Measure one variant.

    Args:
        sizes: sides of the input that a variant may have beside that of `spec`.
        setting: whose memory and cores it has while it runs; those of the lab's spec where None.
        The others are those of `measure_run`.

    Returns:
        JSON-ready {report, host, metrics, quality, environment, size}; `size` is the side of its input, 0 where that is no picture.

    Raises:
        BenchError: with the outcome it means for the run.
    """
    report = inspected(model, spec, sandbox, on_progress)
    fitting = spec_for(report, spec, sizes)
    layout = _checked(report, fitting, spec, sizes, lab)
    with tempfile.TemporaryDirectory(prefix="milliamp-inputs-", dir=work) as folder:
        smaller = averaged_inputs(inputs, spec, fitting, Path(folder) / "averaged.npy")
        arranged = arrange_inputs(smaller, fitting, layout, Path(folder) / "inputs.npy")
        shown = normalise_inputs(arranged, fitting, layout, Path(folder) / "normalised.npy")
        setting = setting or setting_for(spec, Place("process"), None)
        with setting.out_of_memory_named():
            measurement = engine.measure(
                model, report, sandbox=sandbox, inputs=shown, seed=seed, scores=spec.output.numbers, processes=PROCESSES,
                on_progress=on_progress, limits=setting.limits,
            )  # fmt: skip
        on_progress("points", 0, 0)
        quality, _ = scored(spec, Inputs(shown, len(measurement.predictions)), measurement.predictions, labels)
    return _document(report, measurement, quality, name, model.stat().st_size, sandbox.label) | {
        "size": picture_side(fitting.input.shapes)
    }


def _document(
    report: Report, measurement: Measurement, quality: Scored, name: str, model_bytes: int, isolation: str
) -> dict[str, Any]:
    return {
        "report": {**report.to_json(), "file": name},
        "host": measurement.host.to_json(),
        "metrics": metrics_of(report, quality, model_bytes),
        "quality": quality.quality,
        "environment": {**measurement.environment, "isolation": isolation},
    }


def spec_for(report: Report, spec: BenchSpec, sizes: Sequence[int]) -> BenchSpec:
    """The lab's spec with the side that the model takes, where that is one of those allowed; else the lab's own."""
    given = tuple(report.inputs[0].shape) if len(report.inputs) == 1 else ()
    for side in sides_of(spec.input.shapes, sizes):
        shapes = with_side(spec.input.shapes, side)
        if given in shapes.values():
            return dataclasses.replace(spec, input=dataclasses.replace(spec.input, shapes=shapes))
    return spec


def _checked(report: Report, fitting: BenchSpec, spec: BenchSpec, sizes: Sequence[int], lab: str) -> str:
    """The layout that the model takes. Raises what `check_signature` raises, with the other sides that would do."""
    try:
        return check_signature(report, fitting, lab)
    except BenchError as error:
        others = sides_of(spec.input.shapes, sizes)[1:]
        if error.code != "input_mismatch" or not others:
            raise
        said = " or ".join(f"{side}×{side}" for side in others)
        raise BenchError(
            error.code,
            f"{error.message} A variant of the family may also take pictures of {said}.",
            outcome=error.outcome,
            details=error.details,
        ) from error


def averaged_inputs(inputs: Path, spec: BenchSpec, fitting: BenchSpec, target: Path) -> Path:
    """The hidden inputs at the side of `fitting`: those of the lab, or their means over whole blocks, written to `target`."""
    if fitting is spec or fitting.input.shapes == spec.input.shapes:
        return inputs
    data: NDArray[np.float32] = np.load(inputs, allow_pickle=False)
    np.save(target, block_means(data, spec.input.shapes, fitting.input.shapes), allow_pickle=False)
    return target


def block_means(
    data: NDArray[np.float32], shapes: Mapping[str, tuple[int, ...]], smaller: Mapping[str, tuple[int, ...]]
) -> NDArray[np.float32]:
    """Each value the mean of a whole block: 8 x 8 becomes 4 x 4 by blocks of 2 x 2.

    Args:
        data: all inputs, in the first layout of `shapes`. smaller: the same layouts at the smaller side, which divides the larger.
    """
    layout = next(iter(shapes))
    wide, small = mapped(layout, shapes[layout]), mapped(layout, smaller[layout])
    for letter in "HW":
        axis = layout.index(letter)
        split = (*data.shape[:axis], small[letter], wide[letter] // small[letter], *data.shape[axis + 1 :])
        data = data.reshape(split).mean(axis=axis + 1, dtype=np.float32)
    return np.ascontiguousarray(data, dtype=np.float32)
