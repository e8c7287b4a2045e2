"""Does a training step take what the lab gives, and answer what it asks? As grading/measuring/signature.py, for a program with two inputs and two outputs."""

from collections.abc import Sequence
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.report import Report, TensorSpec
from grading.spec import BenchSpec

LABELS = "int64"
EXPORT = "Export one program `step(x, y)` that answers (loss, scores): grading/labs/step_file.py makes one of a module."


def check_step(report: Report, spec: BenchSpec, lab: str) -> str:
    """Returns the layout (a key of spec.input.shapes) in which the step wants its batch.

    Raises:
        BenchError: `input_mismatch` or `output_mismatch`, with the details of grading/measuring/signature.py.
    """
    batch, gives = spec.options.batch, spec.input.given_dtype
    shapes = {layout: (batch, *shape[1:]) for layout, shape in spec.input.shapes.items()}
    rows = _rows(report, shapes, gives, (batch, spec.output.numbers))
    if not (wrong := [row for row in rows if not row["same"]]):
        return next(layout for layout, shape in shapes.items() if shape == tuple(report.inputs[0].shape))
    listed = " ".join(f"{row['label']}: yours is {row['yours']}, {lab} has {row['gives']}." for row in wrong)
    first = next(iter(shapes))
    is_input = any(row["label"] in ("Batch", "Labels") for row in wrong)
    raise BenchError(
        "input_mismatch" if is_input else "output_mismatch",
        f"This file is not the training step that {lab} calls. {listed} {EXPORT}",
        details={
            "compare": rows, "shape": list(shapes[first]), "shapes": {key: list(shape) for key, shape in shapes.items()},
            "format": report.format, "dtype": gives, "way_out": spec.output.way_out, "asks": spec.output.words,
        },
    )  # fmt: skip


def _rows(
    report: Report, shapes: dict[str, tuple[int, ...]], gives: str, scores: tuple[int, int]
) -> list[dict[str, Any]]:
    x, y = _at(report.inputs, 0), _at(report.inputs, 1)
    loss, told = _at(report.outputs, 0), _at(report.outputs, 1)
    fits_x = x is not None and tuple(x.shape) in shapes.values() and x.dtype == gives
    fits_y = y is not None and tuple(y.shape) == scores[:1] and y.dtype == LABELS and len(report.inputs) == 2
    fits_loss = loss is not None and tuple(loss.shape) in ((), (1,))
    fits_told = told is not None and tuple(told.shape) == scores and len(report.outputs) == 2
    wanted = " or ".join(_times(shape) for shape in shapes.values())
    return [
        _row("Batch", x, f"{wanted} {gives}", fits_x), _row("Labels", y, f"{scores[0]} {LABELS}", fits_y),
        _row("Loss", loss, "one number", fits_loss), _row("Scores", told, _times(scores), fits_told),
    ]  # fmt: skip


def _at(tensors: Sequence[TensorSpec], place: int) -> TensorSpec | None:
    return tensors[place] if place < len(tensors) else None


def _row(label: str, tensor: TensorSpec | None, gives: str, same: bool) -> dict[str, Any]:
    yours = "not there" if tensor is None else f"{_times(tuple(tensor.shape))} {tensor.dtype}"
    return {"label": label, "yours": yours, "gives": gives, "same": same}


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number of"
