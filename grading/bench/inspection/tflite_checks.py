"""What the operators of a TFLite file must agree on, because LiteRT crashes on it, or runs it as something else."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from grading.bench.errors import BenchError
from grading.bench.graph import Tensor
from grading.bench.inspection.tflite_operators import WEIGHT_PLACES, Step
from grading.bench.inspection.tflite_versions import NEWEST, SCHEMA_VERSION

MOST_ARGUMENTS = 10_000
RANDOM = {"RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL"}
FROM_VALUES = {"WHERE", "UNIQUE"}
# Operators that say into how many parts they cut, and where.
PARTS: dict[str, Callable[[Step], int | None]] = {
    "SPLIT": lambda step: _number(step, schema.SplitOptions, "NumSplits"),
    "SPLIT_V": lambda step: _number(step, schema.SplitVOptions, "NumSplits"),
    "UNPACK": lambda step: _number(step, schema.UnpackOptions, "Num"),
}
# What they cut, and the numbers by which they do: LiteRT reads these inputs without asking whether they are there.
PART_INPUTS = {"SPLIT": 2, "SPLIT_V": 3, "UNPACK": 1}
AGAIN = "Convert the model again."
WHOLE = re.compile(r"(u?)int(\d+)")
# Operators whose weights are multiplied, and types that no kernel of LiteRT takes for them; it runs some all the same.
LAYERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "FULLY_CONNECTED"}
NO_WEIGHTS = re.compile(r"u?int(?:32|64)|bool|string|complex.*|resource|variant")


def check_schema(version: int) -> None:
    """Raises BenchError: newer_opset."""
    if version != SCHEMA_VERSION:
        said = f"This file is in version {version} of the TFLite format; {SCHEMA_VERSION} is known here."
        raise BenchError("newer_opset", f"{said} {AGAIN[:-1]} with a current converter.")


def check_version(op: str, version: int) -> None:
    """Raises BenchError: newer_opset for an operator in a version that LiteRT does not run."""
    newest = NEWEST.get(op, 1)
    if version > newest:
        said = f"This model uses {op} in version {version}; {newest} is the newest that the runtime here knows."
        raise BenchError("newer_opset", f"{said} Convert the model with a converter that is not newer than LiteRT 2.3.")


def check_scales(tensor: Tensor, quantization: Any) -> None:
    """Raises BenchError: weights_not_finite for a step between whole numbers that no quantisation has.

    Stored weights may have a step of 0: old converters wrote it for a channel of zeros alone.
    """
    if quantization is None or quantization.ScaleLength() <= 0 or "float" in tensor.dtype:
        return
    scales: NDArray[Any] = quantization.ScaleAsNumpy()
    if not np.isfinite(scales).all() or scales.min() < 0 or (scales.min() == 0 and not tensor.constant):
        said = f"The quantisation step of the tensor {tensor.name[:80]} is 0, negative, infinite or NaN."
        raise BenchError("weights_not_finite", f"{said} Convert the model again, with examples of its input.")


def check_points(tensor: Tensor, points: Iterable[int]) -> None:
    """Raises BenchError: damaged_model for a zero point that is none of the numbers of its type."""
    whole = WHOLE.fullmatch(tensor.dtype)
    if whole is None:
        return
    bits = int(whole[2])
    least, most = (0, (1 << bits) - 1) if whole[1] else (-(1 << bits - 1), (1 << bits - 1) - 1)
    for point in points:
        if not least <= point <= most:
            said = f"The zero point {point} of the tensor {tensor.name[:80]} is no {tensor.dtype}."
            raise BenchError("damaged_model", f"{said} {AGAIN}")


def check_arguments(step: Step, place: int, known: Callable[[int], bool], places: Iterable[int]) -> None:
    """What an operator reads is there before it runs, and nothing that it needs is left out.

    Args:
        place: of the operator in the file, for the sentence.
        known: whether a tensor is stored, or was made by now.
        places: of the tensors that it reads; -1 is an input that is left out.

    Raises:
        BenchError: too_many_operators, damaged_model, unsorted_nodes.
    """
    where = f"Operator {place + 1} ({step.op})"
    given = list(places)
    if len(given) > MOST_ARGUMENTS:
        raise BenchError("too_many_operators", f"{where} of this model has more than {MOST_ARGUMENTS:,} inputs.")
    for index, tensor in enumerate(given):
        if tensor < 0 and (index == 0 or step.op not in WEIGHT_PLACES):
            raise BenchError("damaged_model", f"{where} lacks its input {index + 1}. {AGAIN}")
        held = step.given[index]
        if held is not None and held.elements and not known(tensor):
            said = f"{where} reads {held.name[:80]}, which no operator before it makes."
            raise BenchError("unsorted_nodes", f"{said} {AGAIN[:-1]}, with operators in the order in which they run.")


def check_step(step: Step, place: int, numbers: Callable[[int], NDArray[Any] | None]) -> None:
    """Numbers by which an operator cuts or picks.

    Args:
        numbers: of the input at a place, where it is a stored constant.

    Raises:
        BenchError: random_model, unknown_shape, damaged_model.
    """
    where = f"Operator {place + 1} ({step.op})"
    weight = step.given[1] if step.op in LAYERS and len(step.given) > 1 else None
    if weight is not None and NO_WEIGHTS.fullmatch(weight.dtype):
        said = f"{where} has weights of the type {weight.dtype}, with which it is not made."
        raise BenchError("damaged_model", f"{said} {AGAIN}")
    if step.op in RANDOM:
        said = f"{where} of this model draws a random number, so one input can be answered in two ways."
        raise BenchError("random_model", f"{said} Convert the model for inference, without that step.")
    if step.op in FROM_VALUES:
        said = f"The size of what {where[0].lower()}{where[1:]} makes follows from the values of the input, so its cost cannot be counted."
        raise BenchError("unknown_shape", f"{said} Convert the model without it.")
    parts = PARTS[step.op](step) if step.op in PARTS else None
    if len(step.given) < PART_INPUTS.get(step.op, 0):
        raise BenchError("damaged_model", f"{where} lacks its input {len(step.given) + 1}. {AGAIN}")
    if parts is not None and parts != len(step.outputs):
        said = f"{where} cuts its input into {parts:,} parts, and {len(step.outputs):,} are named."
        raise BenchError("damaged_model", f"{said} {AGAIN}")
    if step.op == "SLICE":
        _check_slice(step, where, numbers)


def _number(step: Step, kind: Any, field: str) -> int | None:
    options = step.options(kind)
    return None if options is None else int(getattr(options, field)())


def _check_slice(step: Step, where: str, numbers: Callable[[int], NDArray[Any] | None]) -> None:
    begins, sizes = (numbers(index) if len(step.given) > index else None for index in (1, 2))
    if begins is None or sizes is None:
        return
    whole = step.shape(0)
    pairs = list(zip(begins.reshape(-1).tolist(), sizes.reshape(-1).tolist(), strict=False))
    fits = len(pairs) == len(whole) and all(
        0 <= begin <= length and (size == -1 or 0 <= size <= length - begin)
        for (begin, size), length in zip(pairs, whole, strict=False)
    )
    if not fits:
        raise BenchError("damaged_model", f"{where} cuts out a piece that is not within its input. {AGAIN}")
