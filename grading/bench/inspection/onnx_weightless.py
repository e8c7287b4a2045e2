"""ONNX files that say what their weights look like, but do not hold them: enough to count, not to run.

Two kinds are known: weights in a file that is not there (external data), and weights that are inputs of the graph. An
input that stands where an operator takes its weights is one; the first other input is the data.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from onnx import TensorProto

from grading.bench.errors import BenchError
from grading.bench.graph import bits_of
from grading.bench.inspection.onnx_operators import (
    LOOK_UPS,
    MATRIX_PRODUCTS,
    TABLE_PLACES,
    TABLE_READERS,
    WEIGHT_PLACES,
)
from grading.bench.inspection.onnx_shapes import dtype_name
from grading.bench.report import MOST_FILES

PLAIN_NAME = re.compile(r"[^/\\:]{1,255}")
# Places that only weights take; what a matrix product or a sum reads may as well be data.
SURE: dict[str, tuple[int, ...]] = {
    op: tuple(place for place in places if place > 0)
    for op, places in WEIGHT_PLACES.items()
    if op not in MATRIX_PRODUCTS and op != "Attention"
} | {"BatchNormalization": (1, 2, 3, 4)}
LIKELY: dict[str, tuple[int, ...]] = {
    op: (3,) if op == "QLinearMatMul" else (1,) for op in (*MATRIX_PRODUCTS, "Einsum")
}
MOST_MATRIX = 2  # dimensions of a matrix that is a weight; more are a batch of them, which is data
# Other forms of one tensor.
TURNING = {
    "Transpose", "Reshape", "Flatten", "Identity", "Cast", "Squeeze", "Unsqueeze", "DequantizeLinear", "QuantizeLinear", "Expand",
}  # fmt: skip
# What stands between a weight and its operator: another form of it, its scale or mask, its parts, its norm. A product or a pool does
# not: what it makes is computed from data.
BETWEEN = TURNING | {
    "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sign", "Sqrt", "Pow", "Round", "Clip", "Where", "Max", "Min",
    "Concat", "Split", "Slice", "Gather", "Tile", "Pad",
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
}  # fmt: skip
EXTERNAL = (
    "This model keeps weights in another file. Export it as one file "
    "(onnx.save with save_as_external_data=False, torch.onnx.export with external_data=False)."
)


@dataclass(frozen=True)
class Absent:
    """Constants whose numbers the file lacks. why: for people, "" where there are none; files: where they should lie."""

    names: frozenset[str] = frozenset()
    why: str = ""
    files: tuple[str, ...] = ()


def set_apart(model: Any, *, allowed: bool) -> Absent:
    """Turn weights that are inputs into constants without numbers, and say which constants have none.

    Args:
        allowed: off for what is handed in, which must run.

    Raises:
        BenchError: external_data for a file that is out of the folder, or where not allowed; weights_are_inputs where
            not allowed; damaged_model.
    """
    files = _external(model.graph, allowed=allowed)
    inputs = list(_weights_among_inputs(model.graph))
    if inputs and not allowed:
        said = (
            f"The input {inputs[0].name[:80]} stands where an operator takes its weights, so this file has none to run."
        )
        raise BenchError("weights_are_inputs", f"{said} Export the model with its weights stored in the file.")
    for value in inputs:
        model.graph.initializer.append(_without_numbers(value))
        model.graph.input.remove(value)
    names = frozenset(tensor.name for tensor in model.graph.initializer if is_absent(tensor))
    return Absent(names, _why(sorted(set(files)), [value.name for value in inputs]), tuple(sorted(set(files))))


def is_absent(tensor: Any) -> bool:
    """Whether a constant says that its numbers lie elsewhere."""
    return bool(tensor.data_location == TensorProto.EXTERNAL or tensor.external_data)


def _why(files: list[str], inputs: list[str]) -> str:
    if files:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return f"Its weights lie in the file {files[0][:80]}{more}, which is not there, so it was counted but not run."
    if inputs:
        more = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
        return f"Its weights are inputs without numbers ({inputs[0][:80]}{more}), so it was counted but not run."
    return ""


# -- weights in another file --------------------------------------------------------------------------------------------


def _external(graph: Any, *, allowed: bool) -> list[str]:
    """Names of the files in which weights should lie."""
    found = []
    for tensor in graph.initializer:
        if not is_absent(tensor):
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        name = said.get("location", "")
        inside = isinstance(name, str) and name.isprintable() and PLAIN_NAME.fullmatch(name) and name.strip(". ")
        if not allowed or not inside or tensor.data_location != TensorProto.EXTERNAL:
            raise BenchError("external_data", EXTERNAL)
        _check_length(tensor, said)
        found.append(name)
    if len(set(found)) > MOST_FILES:
        raise BenchError("external_data", EXTERNAL)
    return found


def _check_length(tensor: Any, said: dict[str, str]) -> None:
    """What the file says of the bytes elsewhere must fit the shape that it says."""
    wanted = (prod(tensor.dims) * bits_of(dtype_name(tensor.data_type)) + 7) // 8
    numbers = [said.get("offset", "0"), said.get("length", str(wanted))]
    fits = all(number.isascii() and number.isdecimal() and len(number) < 20 for number in numbers)
    if not fits or int(numbers[1]) != wanted or tensor.raw_data:
        text = f"The data of {tensor.name[:80]} has another size than its shape. Export the model again."
        raise BenchError("damaged_model", text)


# -- weights that are inputs --------------------------------------------------------------------------------------------


def _weights_among_inputs(graph: Any) -> Iterator[Any]:
    stored = {tensor.name for tensor in graph.initializer}
    inputs = {value.name: value for value in graph.input if value.name not in stored}
    sure, likely = _standing(graph, inputs, SURE), set[str]()
    if sure == inputs.keys():
        # A weight that is made from the data: what a layer reads as its data is that.
        sure -= _standing(graph, inputs, dict.fromkeys(SURE, (0,)))
    if sure or not _has_weights(graph):
        likely = {name for name in _standing(graph, inputs, LIKELY) if len(_shape(inputs[name])) <= MOST_MATRIX}
    if not (sure or likely):
        return
    data = next((name for name in inputs if name not in sure | likely), next((n for n in inputs if n not in sure), ""))
    loose = _only_loose(graph, inputs.keys() - {data})
    yield from (value for name, value in inputs.items() if name != data and name in sure | likely | loose)


def _standing(graph: Any, inputs: dict[str, Any], places: dict[str, tuple[int, ...]]) -> set[str]:
    """Inputs at these places of an operator, also with another form of them in between."""
    standing: set[str] = set()
    for node in reversed(graph.node):
        read = places.get(node.op_type, ())
        if node.op_type in BETWEEN and not standing.isdisjoint(node.output):
            read = tuple(range(len(node.input)))
        standing.update(node.input[place] for place in read if place < len(node.input))
    return standing & inputs.keys()


def _only_loose(graph: Any, names: set[str]) -> set[str]:
    """Of these, the ones that stand nowhere but where a bias, a scale or a table may stand, also in another form."""
    loose, bound = set[str](), set[str]()
    for node in reversed(graph.node):
        every = tuple(range(len(node.input))) if node.op_type in TABLE_READERS else TABLE_PLACES.get(node.op_type, ())
        read = (*every, *LOOK_UPS.get(node.op_type, ()), *((0,) if node.op_type in MATRIX_PRODUCTS else ()))
        if node.op_type in TURNING and node.output and node.output[0] in loose and node.output[0] not in bound:
            read = (0,)
        for place, name in enumerate(node.input):
            (loose if place in read else bound).add(name)
    return (names & loose) - bound


def _has_weights(graph: Any) -> bool:
    """Whether an operator reads a stored table of floats."""
    floats = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
    return any(len(tensor.dims) > 1 and tensor.data_type in floats for tensor in graph.initializer)


def _shape(value: Any) -> list[int]:
    return [int(size.dim_value) for size in value.type.tensor_type.shape.dim]


def _without_numbers(value: Any) -> Any:
    """A constant of the input's type and size. Raises BenchError (unknown_shape)."""
    shape, kind = _shape(value), value.type.tensor_type
    if not value.type.HasField("tensor_type") or not kind.HasField("shape") or min(shape, default=1) < 1:
        said = f"The input {value.name[:80]} stands where an operator takes its weights, and leaves its size open."
        raise BenchError("unknown_shape", f"{said} Give it fixed sizes, or store its numbers in the file.")
    made = TensorProto(name=value.name, dims=shape, data_type=kind.elem_type, data_location=TensorProto.EXTERNAL)
    made.external_data.add(key="location", value="none")
    return made
