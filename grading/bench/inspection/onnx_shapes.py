"""Sizes of every value of an ONNX model: inferred operator by operator from the sizes of its inputs.

Standard shape inference of the onnx package does each step; values that follow from sizes alone are computed between the
steps (onnx_folding), because what comes after them needs them. Sizes that the file claims are not believed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, TensorProto, checker, defs, helper, numpy_helper, shape_inference

from grading.bench.errors import BenchError
from grading.bench.graph import Tensor
from grading.bench.inspection.onnx_folding import MOST_NUMBERS, fold, size_of
from grading.bench.inspection.onnx_operators import RUNTIME_DOMAIN, STANDARD, attribute, stand_in
from grading.bench.inspection.zeros import PLAIN

MOST_KNOWN = 1 << 20  # numbers in all values that are kept
DTYPES = {"float": "float32", "double": "float64"}
LISTS = {
    AttributeProto.FLOAT: ("f", np.float32),
    AttributeProto.INT: ("i", np.int64),
    AttributeProto.FLOATS: ("floats", np.float32),
    AttributeProto.INTS: ("ints", np.int64),
}
LAYERED = {"Conv", "ConvInteger", "LSTM", "GRU", "RNN"}
KEEPING_TYPES = {"QuantizeLinear", "DequantizeLinear"}
QGEMM_QUANTISED = 8  # inputs, from which on the scale of the output is among them; else it is a float


def dtype_name(data_type: int) -> str:
    """TensorProto.DataType as float32, int8, float8, float4."""
    name = str(TensorProto.DataType.Name(data_type)).lower()
    if name.startswith(("float8", "float6", "float4")):
        return name[:6]
    return DTYPES.get(name, name)


def constants_of(graph: Any) -> dict[str, Any]:
    """Every stored tensor by name: initializers, and those of Constant operators."""
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            found[node.output[0]] = _constant(node)
    return found


def _constant(node: Any) -> Any:
    for item in node.attribute:
        if item.type == AttributeProto.TENSOR:
            return item.t
        if item.type in LISTS:
            name, kind = LISTS[item.type]
            return numpy_helper.from_array(np.array(getattr(item, name), kind))
        if item.type in (AttributeProto.STRING, AttributeProto.STRINGS):
            texts = list(item.strings) or [item.s]
            return helper.make_tensor("", TensorProto.STRING, (len(texts),), texts)
    raise BenchError("damaged_model", "A constant of this model holds nothing. Export the model again.")


@dataclass
class Sizes:
    """What is known of each value: its type with its sizes, and for small constants the numbers themselves."""

    types: dict[str, Any] = field(default_factory=dict)
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...] | None] = field(default_factory=dict)  # read from types once
    room: int = MOST_KNOWN
    empty: bool = False  # an operator makes a tensor without elements

    def tensor(self, name: str) -> Tensor | None:
        """The value as a tensor; None where a size or its type is unknown."""
        shape = self.shape(name)
        return None if shape is None else Tensor(name, shape, dtype_name(self.types[name].tensor_type.elem_type))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Its sizes, where all are known."""
        if name not in self.shapes and name in self.types:
            kind = self.types[name].tensor_type
            sizes = [int(size.dim_value) if size.HasField("dim_value") else None for size in kind.shape.dim]
            whole = tuple(size for size in sizes if size is not None)
            self.shapes[name] = whole if kind.HasField("shape") and len(whole) == len(sizes) else None
        return self.shapes.get(name)

    def keep(self, name: str, value: NDArray[Any]) -> None:
        """Remember a value, as long as there is room."""
        if value.size <= min(self.room, MOST_NUMBERS):
            self.values[name] = value
            self.room -= value.size


class Unfit(Exception):
    """Sizes that an operator cannot work with; says which and why."""


class Walk:
    """Goes through the operators in stored order, again for each assumption about free sizes."""

    def __init__(self, model: Any, constants: dict[str, Any]) -> None:
        self.nodes = [node for node in model.graph.node if node.op_type != "Constant"]
        self.ir_version = model.ir_version
        self.opsets = list(model.opset_import)
        versions = [opset.version for opset in self.opsets if opset.domain in STANDARD]
        if not versions:
            raise BenchError("damaged_model", "This ONNX file states no version of its operators. Export it again.")
        self.version = versions[0]
        self.schemas: dict[str, Any] = {}
        self.known = Sizes()
        for name, tensor in constants.items():
            self.known.types[name] = helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
            numbers_here = tensor.data_location != TensorProto.EXTERNAL
            if numbers_here and prod(tensor.dims) <= MOST_NUMBERS and dtype_name(tensor.data_type) in PLAIN:
                self.known.keep(name, array_of(tensor))

    def sizes(self, inputs: dict[str, Any]) -> Sizes:
        """Raises Unfit."""
        found = Sizes({**self.known.types, **inputs}, dict(self.known.values), dict(self.known.shapes), self.known.room)
        for place, node in enumerate(self.nodes):
            step = self._runtime_step if node.domain == RUNTIME_DOMAIN else self._step
            step(found, node, f"operator {place + 1} ({node.op_type[:40]})")
        return found

    def _step(self, found: Sizes, node: Any, where: str) -> None:
        names = [name for name in node.input if name]
        if not all(name in found.types for name in names):
            return  # something before it has no size
        for name, made in self._inferred(found, node, names, where).items():
            found.types[name] = made
        if node.op_type in LAYERED and not _fits_weights(node, [found.shape(name) for name in node.input]):
            raise Unfit(f"{where} has weights for another number of channels than its input")
        outputs = [name for name in node.output if name]
        shapes = [found.shape(name) for name in outputs]
        for shape in shapes:
            if shape is not None and min(shape, default=1) < 0:
                raise Unfit(f"{where} would make the size {'×'.join(map(str, shape))}")
        if wrong := _unfit(node, found, shapes):
            raise Unfit(f"{where} {wrong}")
        for name, value in zip(outputs, self._values(found, node, shapes), strict=False):
            found.keep(name, value)
        found.empty |= any(
            shape is not None and 0 in shape and name not in found.values
            for name, shape in zip(outputs, shapes, strict=True)
        )

    def _inferred(self, found: Sizes, node: Any, names: list[str], where: str) -> dict[str, Any]:
        schema = self._schema(node.op_type)
        if not schema.has_type_and_shape_inference_function:  # normalisations that keep the size of their input
            return {node.output[0]: found.types[names[0]]} if names else {}
        types = {name: found.types[name] for name in names}
        data = {name: numpy_helper.from_array(found.values[name], name) for name in names if name in found.values}
        try:
            made: dict[str, Any] = shape_inference.infer_node_outputs(
                schema, node, types, data, {}, self.opsets, self.ir_version
            )
        except (shape_inference.InferenceError, checker.ValidationError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split()).removeprefix("[ShapeInferenceError] ")[:120]
            raise Unfit(f"{where} does not fit its inputs ({said})") from error
        return made

    def _runtime_step(self, found: Sizes, node: Any, where: str) -> None:
        """An operator of ONNX Runtime: sizes as those of the standard one on floats, the type as that of its input."""
        step = stand_in(node)
        first = found.types.get(step.input[0]) if step.input else None
        if first is None or step.op_type in KEEPING_TYPES:
            self._step(found, step, where)
            return
        floats = Sizes({name: _as_float(found.types[name]) for name in step.input if name in found.types})
        self._step(floats, step, where)
        kind = TensorProto.FLOAT if node.op_type == "QGemm" and len(node.input) < QGEMM_QUANTISED else None
        for name in step.output:
            if name in floats.types:
                found.types[name] = floats.types[name]
                found.types[name].tensor_type.elem_type = kind or first.tensor_type.elem_type
        found.empty |= floats.empty

    def _schema(self, op: str) -> Any:
        """The operator in the version of the file, or the nearest one that says how sizes follow."""
        if op not in self.schemas:
            try:
                schema = defs.get_schema(op, self.version, "")
            except defs.SchemaError:
                schema = defs.get_schema(op)
            self.schemas[op] = schema if schema.has_type_and_shape_inference_function else defs.get_schema(op)
        return self.schemas[op]

    def _values(self, found: Sizes, node: Any, shapes: list[tuple[int, ...] | None]) -> Iterator[NDArray[Any]]:
        if not node.input or not shapes:
            return
        shape = found.shape(node.input[0])
        size = size_of(node, shape) if shape is not None else None
        if size is not None:
            yield size
        elif all(not name or name in found.values for name in node.input):
            yield from fold(node, [found.values.get(name) for name in node.input], shapes) or ()


def _unfit(node: Any, found: Sizes, shapes: list[tuple[int, ...] | None]) -> str:
    """What standard inference does not ask, and a runtime only when the model runs; "" where nothing is wrong."""
    source = found.shape(node.input[0]) if node.input else None
    if source is None or not shapes or shapes[0] is None:
        return ""
    if node.op_type == "Reshape" and prod(source) != prod(shapes[0]):
        return f"makes {'×'.join(map(str, shapes[0]))} of {'×'.join(map(str, source))}, which is another number of elements"
    places = found.values.get(node.input[1]) if node.op_type == "Gather" and len(node.input) > 1 else None
    axis = int(attribute(node, "axis", 0))
    if places is not None and places.size and -len(source) <= axis < len(source):
        length = source[axis]
        if places.max() >= length or places.min() < -length:
            return f"picks place {int(max(places.max(), -places.min()))} of {length}"
    return ""


def _fits_weights(node: Any, shapes: list[tuple[int, ...] | None]) -> bool:
    """Whether input and weights agree; of these layers standard inference does not ask."""
    if len(shapes) < 2 or shapes[0] is None or shapes[1] is None:
        return True
    given, weights = shapes[0], shapes[1]
    if min(len(given), len(weights)) < 2:
        return True
    if node.op_type in ("Conv", "ConvInteger"):
        return given[1] == weights[1] * int(attribute(node, "group", 1))
    return given[-1] == weights[-1]


def array_of(proto: Any) -> NDArray[Any]:
    """A stored tensor as an array. Raises BenchError (damaged_model)."""
    try:
        found: NDArray[Any] = numpy_helper.to_array(proto)
    except (ValueError, TypeError, OverflowError, KeyError, IndexError, AttributeError) as error:
        said = f"The data of {proto.name[:80]} has another size than its shape. Export the model again."
        raise BenchError("damaged_model", said) from error
    return found


def _as_float(kind: Any) -> Any:
    """The same sizes, of float32."""
    made = onnx.TypeProto()
    made.CopyFrom(kind)
    made.tensor_type.elem_type = TensorProto.FLOAT
    return made
