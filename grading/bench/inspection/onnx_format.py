"""ONNX (.onnx) to Graph. The file is parsed and its shapes inferred; nothing is run, no file beside it is ever read.

Quantised models are read as they are stored: weights behind DequantizeLinear count with their stored type, and steps
that only prepare constants are no operators of the running model. Shapes that the file claims are not believed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from onnx import AttributeProto, TensorProto, numpy_helper, shape_inference

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, Operator, Tensor
from grading.bench.inspection.onnx_checks import check, check_order
from grading.bench.inspection.onnx_operators import (
    RUNTIME_DOMAIN,
    ZERO_POINTS,
    attribute,
    macs,
    op_class,
    stand_in,
    weight_places,
)
from grading.bench.inspection.zeros import count_equal

DAMAGED = "This ONNX file is damaged or cut off. Export the model again, and upload it whole."
# What onnx and protobuf raise about a field that holds what it may not: text that is no text, a size that does not fit.
BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError,
          shape_inference.InferenceError)  # fmt: skip
# Steps that, on a constant, only give the constant another form.
ALIASING = {"DequantizeLinear", "Identity", "Cast", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "QuantizeLinear",
            "Flatten"}  # fmt: skip
LISTS = {AttributeProto.FLOATS: ("floats", "float32"), AttributeProto.INTS: ("ints", "int64"),
         AttributeProto.STRINGS: ("strings", "string")}  # fmt: skip


def dtype_name(data_type: int) -> str:
    """TensorProto.DataType as float32, int8, float8."""
    name = str(TensorProto.DataType.Name(data_type)).lower()
    if name.startswith(("float8", "float4")):
        return name[:6]
    return {"float": "float32", "double": "float64"}.get(name, name)


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: those of onnx_checks, unknown_shape, unsupported_input, damaged_model."""
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError is another class in each of its implementations
        if type(error).__name__ == "DecodeError" or isinstance(error, BROKEN):
            raise BenchError("damaged_model", DAMAGED) from error
        raise
    try:
        return _graph_of(model, input_shapes)
    except BROKEN as error:
        raise BenchError("damaged_model", DAMAGED) from error


def _graph_of(model: Any, hints: list[tuple[int, ...]]) -> Graph:
    check(model)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
        check(model)
    check_order(model.graph)
    findings = _fix_inputs(model, hints)
    return _Reader(_infer(model), list(model.graph.node), findings).graph()


def _fix_inputs(model: Any, hints: list[tuple[int, ...]]) -> list[tuple[str, str]]:
    """Free sizes of inputs become those of the hint of the same rank, else 1."""
    constants = {tensor.name for tensor in model.graph.initializer}
    freed = False
    for value in model.graph.input:
        if value.name in constants:
            continue
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or kind.elem_type in (TensorProto.STRING, TensorProto.UNDEFINED):
            raise BenchError("unsupported_input", f"The input {value.name[:80]} is no tensor of numbers.")
        if not kind.HasField("shape"):
            raise BenchError("unknown_shape", f"The input {value.name[:80]} has no size. Export the model with one.")
        sizes = kind.shape.dim
        hint = next((hint for hint in hints if len(hint) == len(sizes)), None)
        for place, size in enumerate(sizes):
            if not size.HasField("dim_value") or size.dim_value <= 0:
                size.dim_value = hint[place] if hint else 1
                freed = True
    if not freed:
        return []
    said = "An input has a free size; it is measured with the lab's size, or with 1 where the lab gives none."
    return [("free_size", said)]


def _infer(model: Any) -> Any:
    """The model with the shape of every value that standard shape inference finds from the inputs and weights alone."""
    original = list(model.graph.node)
    replaced = [stand_in(node) if node.domain == RUNTIME_DOMAIN else node for node in original]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:], copy.graph.value_info[:]
    copy.graph.node.extend(replaced)
    for value in copy.graph.output:
        value.ClearField("type")
    try:
        return shape_inference.infer_shapes(copy, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise BenchError(
            "damaged_model", "The sizes in this ONNX file contradict each other. Export the model again."
        ) from error


class _Reader:
    """Builds the graph from the nodes of a model and the values that shape inference found."""

    def __init__(self, inferred: Any, nodes: list[Any], findings: list[tuple[str, str]]) -> None:
        self.nodes, self.findings = nodes, findings
        self.model_inputs = [value.name for value in inferred.graph.input]
        self.model_outputs = [value.name for value in inferred.graph.output]
        self.stored = {tensor.name: tensor for tensor in inferred.graph.initializer}
        self.tensors: dict[str, Tensor] = {}
        self.aliases: dict[str, str] = {}
        # Shapes as the reader of a value sees them; an aliased constant keeps its stored shape in `tensors`.
        self.seen: dict[str, Tensor] = {}
        for value in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
            kind = value.type.tensor_type
            if kind.HasField("shape") and all(size.HasField("dim_value") for size in kind.shape.dim):
                shape = tuple(int(size.dim_value) for size in kind.shape.dim)
                self.seen[value.name] = Tensor(value.name, shape, dtype_name(kind.elem_type))
        for name, tensor in self.stored.items():
            self._store(name, tensor)

    def graph(self) -> Graph:
        inputs = [name for name in self.model_inputs if name not in self.stored]
        for name in inputs:
            self.tensors[name] = self._known(name)
        operators = [made for node in self.nodes if (made := self._operator(node)) is not None]
        outputs = [self.aliases.get(name, name) for name in self.model_outputs]
        if not inputs or not outputs or not operators:
            raise BenchError(
                "damaged_model", "This model has no input, no output, or nothing between them. Export again."
            )
        for name in outputs:
            self.tensors.setdefault(name, self._known(name))
        return Graph("onnx", self.tensors, operators, inputs, outputs, self.findings)

    def _store(self, name: str, proto: Any) -> None:
        tensor = Tensor(name, tuple(int(size) for size in proto.dims), dtype_name(proto.data_type), constant=True)
        if proto.data_type != TensorProto.STRING:
            tensor.zeros = count_equal(_array(proto), (0,))
        self.stored[name] = proto
        self.tensors[name] = self.seen[name] = tensor

    def _constant(self, name: str) -> bool:
        tensor = self.tensors.get(self.aliases.get(name, name))
        return tensor is not None and tensor.constant

    def _known(self, name: str) -> Tensor:
        tensor = self.tensors.get(name) or self.seen.get(name)
        if tensor is None:
            raise BenchError(
                "unknown_shape",
                f"The size of {name[:80]} cannot be derived from the file. "
                "Export the model with fixed input sizes (no dynamic axes), and without sequences.",
            )
        return tensor

    def _operator(self, node: Any) -> Operator | None:
        """None for a step that only prepares constants."""
        if node.op_type == "Constant":
            self._constant_node(node)
            return None
        given = [self.aliases.get(name, name) if name else "" for name in node.input]
        self._recount(node, given)
        if given and all(self._constant(name) for name in given if name):
            self._prepare(node, given)
            return None
        tensors = [self._known(name) if name else None for name in given]
        # As this node sees them: a weight that was turned has its turned shape here.
        seen = [self.seen.get(name, tensor) if name else None for name, tensor in zip(node.input, tensors, strict=True)]
        for place, tensor in enumerate(seen):
            if tensor is not None and tensors[place] is not tensor:
                seen[place] = Tensor(tensor.name, tensor.shape, tensor.dtype, constant=self._constant(given[place]))
        made = [name for name in node.output if name]
        if not made:
            raise BenchError("damaged_model", f"An operator {node.op_type[:40]} makes nothing. Export the model again.")
        for name in made:
            self.tensors[name] = self._known(name)
        return Operator(
            name=node.name or made[0],
            op=node.op_type,
            op_class=op_class(node, seen),
            inputs=[name for name in given if name],
            outputs=made,
            macs=macs(node, seen, self.tensors[made[0]]),
            weights=[given[place] for place in weight_places(node.op_type, tensors)],
        )

    def _constant_node(self, node: Any) -> None:
        name = node.output[0]
        for item in node.attribute:
            if item.type == AttributeProto.TENSOR:
                self._store(name, item.t)
                return
            if item.type in LISTS:
                field, dtype = LISTS[item.type]
                values = getattr(item, field)
                zeros = sum(1 for value in values if value == 0)
                self.tensors[name] = self.seen[name] = Tensor(name, (len(values),), dtype, constant=True, zeros=zeros)
                return
        self.tensors[name] = self.seen[name] = Tensor(name, (), "float32", constant=True)

    def _prepare(self, node: Any, given: list[str]) -> None:
        """What is computed from constants alone is a constant: the same one in another form, or a new one."""
        if node.op_type in ALIASING:
            self.aliases[node.output[0]] = given[0]
            return
        for name in node.output:
            if name:
                known = self._known(name)
                self.tensors[name] = Tensor(name, known.shape, known.dtype, constant=True)

    def _recount(self, node: Any, given: list[str]) -> None:
        """Once the zero point of a stored constant is known, zeros are the elements that equal it."""
        place, point = ZERO_POINTS.get(node.op_type, (0, 0))
        if point == 0 or len(given) <= point or given[place] not in self.stored or given[point] not in self.stored:
            return
        points = _array(self.stored[given[point]])
        if points.ndim <= 1:
            axis = attribute(node, "axis", 1) if node.op_type == "DequantizeLinear" else 0
            values = _array(self.stored[given[place]])
            found = count_equal(values, [int(value) for value in points.reshape(-1)], axis)
            if found is not None:
                self.tensors[given[place]].zeros = found


def _array(proto: Any) -> "np.ndarray[Any, np.dtype[Any]]":
    try:
        return numpy_helper.to_array(proto)  # type: ignore[no-any-return]
    except (ValueError, TypeError, OverflowError, KeyError, IndexError, AttributeError) as error:
        said = f"The data of {proto.name[:80]} has another size than its shape. Export the model again."
        raise BenchError("damaged_model", said) from error
