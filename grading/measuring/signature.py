"""Does a model take what the lab gives, and answer what its task asks? One refusal names all that differs, and only that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.report import Report
from grading.spec import BenchSpec

QUANTIZED = {"int8", "uint8"}


def check_signature(
    report: Report, spec: BenchSpec, lab: str, *, has_input: bool = True, has_output: bool = True
) -> str:
    """Does the model take what the lab gives and answer what it asks?

    Args:
        has_input, has_output: off where that end is not the lab's but another stage's.

    Returns:
        The layout (a key of spec.input.shapes) in which the model wants its input.

    Raises:
        BenchError: one for all that differs, `input_mismatch` or, where only the output does, `output_mismatch`. details:
            compare (row by row), shape (the lab's, in the layout usual for the format), shapes (by layout), format,
            dtype (what the lab gives), way_out and asks (of the task's output).
    """
    shapes, asked = spec.input.shapes, spec.output
    one = len(report.inputs) == 1
    layout = next((key for key, shape in shapes.items() if one and tuple(shape) == tuple(report.inputs[0].shape)), None)
    fits = _Fits(
        shape=not has_input or layout is not None,
        dtype=not has_input or (one and takes_type(report, spec.input.given_dtype)),
        output=not has_output or (len(report.outputs) == 1 and asked.takes(report.outputs[0].shape)),
    )
    if fits.input and fits.output:
        return layout or ""
    is_asked = {True: has_output, False: has_input}
    wanted = shapes[layout or _usual_layout(report.format, shapes)]
    said = [] if fits.input else [_input_differs(report, wanted, spec, lab, fits)]
    said += [] if fits.output else [_output_differs(report, spec, lab, "This model" if fits.input else "It")]
    if fits.input:
        said.append(f"{asked.way_out}, and export it again.")
    else:
        said.append(
            "Export it again with that input." if fits.output else f"{asked.way_out}, and export it with that input."
        )
    raise BenchError(
        "output_mismatch" if fits.input else "input_mismatch",
        " ".join(said),
        details={
            "compare": [row for row in _compare(report, spec, wanted, fits) if is_asked[row["label"] == "Output"]],
            "shape": list(wanted),
            "shapes": {key: list(shape) for key, shape in shapes.items()},
            "format": report.format,
            "dtype": spec.input.given_dtype,
            "way_out": asked.way_out,
            "asks": asked.words,
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


def takes_type(report: Report, given: str) -> bool:
    """Whether the model takes numbers of the type `given`.

    Whole numbers are given as they are stored, so only their own type fits. Of float32, TFLite's whole numbers can be made."""
    return report.inputs[0].dtype == given or (given == "float32" and _is_quantized(report))


def _is_quantized(report: Report) -> bool:
    """TFLite says with which steps its whole numbers stand for real ones, so float32 can be turned into them."""
    return report.format == "tflite" and report.inputs[0].dtype in QUANTIZED


def _usual_layout(model_format: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """TFLite puts the channels last, the others put them first."""
    return next((key for key in shapes if key.endswith("C") == (model_format == "tflite")), next(iter(shapes)))


def _input_differs(report: Report, wanted: tuple[int, ...], spec: BenchSpec, lab: str, fits: _Fits) -> str:
    """What the model takes and what the lab gives, in those words only that differ."""
    gives = spec.input.given_dtype
    if len(report.inputs) != 1:
        return f"This model has {len(report.inputs)} inputs; {lab} gives one, {_times(wanted)} {gives}."
    given, dtype = _times(report.inputs[0].shape), report.inputs[0].dtype
    if fits.dtype:
        return f"This model expects an input of {given}. {lab} gives {_times(wanted)}."
    if fits.shape:
        return f"This model expects its input in {dtype}. {lab} gives {gives}."
    return f"This model expects an input of {given} {dtype}. {lab} gives {_times(wanted)} {gives}."


def _output_differs(report: Report, spec: BenchSpec, lab: str, subject: str) -> str:
    outputs = ", ".join(_times(output.shape) for output in report.outputs) or "nothing"
    return f"{subject} answers {outputs}. {lab} asks for one output of {spec.output.words}."


def _compare(report: Report, spec: BenchSpec, wanted: tuple[int, ...], fits: _Fits) -> list[dict[str, Any]]:
    gives = spec.input.given_dtype
    outputs = ", ".join(_times(output.shape) for output in report.outputs) or "none"
    output = _row("Output", outputs, spec.output.spelled, fits.output)
    if len(report.inputs) != 1:
        return [_row("Inputs", str(len(report.inputs)), "1", False), output]
    dtype = report.inputs[0].dtype
    told = f"{dtype}, quantized from float32" if gives == "float32" and _is_quantized(report) else dtype
    return [
        _row("Input shape", _times(report.inputs[0].shape), _times(wanted), fits.shape),
        _row("Input type", told, gives, fits.dtype),
        output,
    ]


def _row(label: str, yours: str, gives: str, same: bool) -> dict[str, Any]:
    return {"label": label, "yours": yours, "gives": gives, "same": same}


def _times(shape: tuple[int, ...] | list[int]) -> str:
    return "×".join(str(n) for n in shape) or "scalar"
