"""ONNX (.onnx) to Graph. The file is parsed and its shapes inferred; nothing is run, no file beside it is ever read.

Quantised models are read as they are stored: weights behind DequantizeLinear count with their stored type, and steps
that only prepare constants, or follow from sizes alone, are no operators of the running model.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from numpy.typing import NDArray
from onnx import TensorProto, shape_inference

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, Operator, Tensor
from grading.bench.inspection.disguised import count_disguised
from grading.bench.inspection.finite import count_not_finite
from grading.bench.inspection.learned import LAYERS, is_mask, settle, sources
from grading.bench.inspection.onnx_checks import (
    check,
    check_ends,
    check_numbers,
    check_order,
    check_outputs,
    check_versions,
)
from grading.bench.inspection.onnx_free_sizes import FIXED, infer
from grading.bench.inspection.onnx_kernels import activation, axes, kernel, reduces
from grading.bench.inspection.onnx_macs import macs
from grading.bench.inspection.onnx_operators import (
    ZERO_POINTS,
    attribute,
    class_of,
    op_class,
    table_places,
    weight_places,
)
from grading.bench.inspection.onnx_shapes import Sizes, array_of, constants_of, dtype_name
from grading.bench.inspection.onnx_weightless import is_absent, set_apart
from grading.bench.inspection.patterns import mask_of, turned
from grading.bench.inspection.zeros import count_equal

DAMAGED = "This ONNX file is damaged or cut off. Export the model again, and upload it whole."
# What onnx and protobuf raise about a field that holds what it may not: text that is no text, a size that does not fit.
BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError,
          shape_inference.InferenceError)  # fmt: skip
FLOAT_BETWEEN = (
    "This model is stored with DequantizeLinear and QuantizeLinear around its operators (QDQ), so the tensors between "
    "them are floats, and the memory at the peak counts them as floats. A runtime that fuses them holds 8 bits there."
)


def read(path: Path, input_shapes: list[tuple[int, ...]], *, weightless: bool = False) -> Graph:
    """The graph of a file.

    Args:
        weightless: also read a file that holds no weights (onnx_weightless); it can be counted, not run.

    Raises:
        BenchError: those of onnx_checks, onnx_weightless and onnx_free_sizes, unknown_shape, damaged_model.
    """
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError is another class in each of its implementations
        if type(error).__name__ == "DecodeError" or isinstance(error, BROKEN):
            raise BenchError("damaged_model", DAMAGED) from error
        raise
    try:
        return _graph_of(model, input_shapes, weightless=weightless)
    except BROKEN as error:
        raise BenchError("damaged_model", DAMAGED) from error


def _graph_of(model: Any, hints: list[tuple[int, ...]], *, weightless: bool) -> Graph:
    check(model)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
        check(model)
    absent = set_apart(model, allowed=weightless)
    if not absent.why:  # what lacks its weights is only counted, and may be newer than the runtime
        check_versions(model)
    check_ends(model.graph)
    check_order(model.graph)
    constants = constants_of(model.graph)
    check_numbers(model.graph, constants)
    sizes, findings = infer(model, constants, hints)
    graph = _Reader(model.graph, constants, sizes, findings).graph()
    check_outputs(model.graph, graph)
    graph.absent_weights, graph.absent_files = absent.why, absent.files
    if absent.why:
        graph.findings.append(("absent_weights", f"{absent.why} How many of them are zero is not known."))
    return graph


class _Reader:
    """Builds the graph from the nodes of a model and the sizes of its values."""

    def __init__(self, graph: Any, stored: dict[str, Any], sizes: Sizes, findings: list[tuple[str, str]]) -> None:
        self.nodes = [node for node in graph.node if node.op_type != "Constant"]
        self.model_inputs = [value.name for value in graph.input if value.name not in stored]
        self.model_outputs = [value.name for value in graph.output]
        self.stored, self.sizes, self.findings = stored, sizes, findings
        self.tensors: dict[str, Tensor] = {}
        # Every constant: the stored tensors that it stands for; none where it follows from sizes.
        self.roots: dict[str, tuple[str, ...]] = {}
        # Of a constant that is a stored one in another form: which of its dimensions stands where.
        self.turns: dict[str, tuple[int, ...] | None] = {}
        self.made_by: dict[str, str] = {}
        # Stored tensors whose numbers were looked at for this purpose: once each, however often they are read.
        self.pointed: set[str] = set()
        self.multiplied: set[str] = set()
        self.tabled: set[str] = set()
        for name, proto in stored.items():
            self._store(name, proto)

    def graph(self) -> Graph:
        for name in (*self.model_inputs, *self.model_outputs):
            self.tensors.setdefault(name, self._known(name))
        operators = [made for node in self.nodes if (made := self._operator(node)) is not None]
        if not self.model_inputs or not self.model_outputs or not operators:
            raise BenchError(
                "damaged_model", "This model has no input, no output, or nothing between them. Export again."
            )
        if _multiplies_dequantised(operators):
            self.findings.append(("float_between_quantised", FLOAT_BETWEEN))
        graph = Graph("onnx", self.tensors, operators, self.model_inputs, self.model_outputs, self.findings)
        count_disguised(graph)
        settle(graph)
        return graph

    def _store(self, name: str, proto: Any) -> None:
        tensor = Tensor(name, tuple(int(size) for size in proto.dims), dtype_name(proto.data_type), constant=True)
        if proto.data_type != TensorProto.STRING and not is_absent(proto):
            tensor.zeros = count_equal(array_of(proto), (0,))
            tensor.zero_mask = mask_of(partial(array_of, proto))
            tensor.not_finite = partial(_count_not_finite, proto)
        self.tensors[name] = tensor
        self.roots[name] = (name,)
        self.turns[name] = tuple(range(len(tensor.shape)))

    def _known(self, name: str) -> Tensor:
        tensor = self.tensors.get(name) or self.sizes.tensor(name)
        if tensor is None:
            said = f"The size of {name[:80]} does not follow from the file. {FIXED}, and without sequences"
            raise BenchError("unknown_shape", f"{said} or sizes that depend on the data.")
        return tensor

    def _operator(self, node: Any) -> Operator | None:
        """None for a step that only prepares constants."""
        self._recount(node)
        made = [name for name in node.output if name]
        if self._prepared(node, made):
            return None
        given = [self._known(name) if name else None for name in node.input]
        for name in made:
            self.tensors[name] = self._known(name)
            self.made_by[name] = node.op_type
        tables = self._roots_at(node, table_places(node.op_type, given))
        for name in tables:
            self._look_for_mask(self.tensors[name])
        output = self.tensors[made[0]]
        counted = macs(node, given, output)
        return Operator(
            name=node.name or made[0],
            op=node.op_type,
            op_class=op_class(node, given),
            inputs=[name for name in node.input if name],
            outputs=made,
            macs=counted,
            weights=[] if self._groups(node) else self._roots_at(node, weight_places(node.op_type, given)),
            tables=tables,
            kernel=kernel(node, given, output, counted),
            axes=self._axes(node, given),
            reduces=self._reduces(node, given),
            activation=activation(node),
        )

    def _groups(self, node: Any) -> bool:
        """Whether this is the middle of a GroupNormalization, which exporters write as Reshape and InstanceNormalization.

        Its scale of ones and shift of zeros are their filling; those that were learned follow behind it.
        """
        if node.op_type != "InstanceNormalization" or self.made_by.get(node.input[0]) != "Reshape":
            return False
        scale, shift = (self._value(name) for name in node.input[1:3])
        return scale is not None and shift is not None and bool((scale == 1).all() and (shift == 0).all())

    def _roots_at(self, node: Any, places: list[int]) -> list[str]:
        """The stored tensors behind these inputs, each once."""
        return list(dict.fromkeys(root for place in places for root in self.roots[node.input[place]]))

    def _reduces(self, node: Any, given: list[Tensor | None]) -> tuple[int, ...] | None:
        rank = len(given[0].shape) if given and given[0] is not None else 0
        return reduces(node, rank, self._value(node.input[1]) if len(node.input) > 1 else None)

    def _axes(self, node: Any, given: list[Tensor | None]) -> dict[str, tuple[int, int]]:
        """Where the channels of its weights are, for those that are one stored tensor."""
        found = {}
        for place in weight_places(node.op_type, given):
            name, tensor = node.input[place], given[place]
            seen = axes(node, place, len(tensor.shape)) if tensor is not None else None
            stored = turned(seen, self.turns.get(name)) if seen is not None else None
            if stored is not None and len(self.roots[name]) == 1:
                found[self.roots[name][0]] = stored
        return found

    def _look_for_mask(self, tensor: Tensor) -> None:
        if tensor.elements > 1 and tensor.name not in self.tabled and self._has_numbers(tensor.name):
            self.tabled.add(tensor.name)
            tensor.mask = is_mask(array_of(self.stored[tensor.name]))

    def _prepared(self, node: Any, made: list[str]) -> bool:
        """Whether a step has constants alone, or sizes alone, and so makes constants."""
        given = [name for name in node.input if name]
        alone = bool(given) and all(name in self.roots for name in given)
        if not alone and not all(name in self.sizes.values for name in made):
            return False
        operands = [(self._known(name), self.roots[name]) for name in given] if alone else []
        roots = sources(class_of(node.op_type), node.op_type, operands)
        if node.op_type == "Mul":
            self._count_product(given, roots)
        for name in made:
            made_one = self._known(name)
            root = self.tensors[roots[0]] if len(roots) == 1 else None
            zeros = root.zeros if root is not None and root.elements == made_one.elements else None
            self.tensors[name] = Tensor(name, made_one.shape, made_one.dtype, constant=True, zeros=zeros)
            self.roots[name] = roots
            self.turns[name] = self._turn(node, self.tensors[name]) if root is not None else None
        return True

    def _turn(self, node: Any, made: Tensor) -> tuple[int, ...] | None:
        """How a constant made of one stored tensor stands to that one; None where it is more than turned."""
        before = next((self.turns.get(name) for name in node.input if self.turns.get(name) is not None), None)
        if before is None or len(before) != len(made.shape):
            return None
        if node.op_type != "Transpose":
            return before if self._known(node.input[0]).shape == made.shape else None
        order = attribute(node, "perm", None) or range(len(before))[::-1]
        return tuple(before[place] for place in order) if sorted(order) == list(range(len(before))) else None

    def _count_product(self, given: list[str], roots: tuple[str, ...]) -> None:
        """A stored weight behind its stored mask is zero where one of the two is."""
        if len(roots) != 1 or roots[0] in self.multiplied:
            return
        if len(given) == 2 and all(map(self._has_numbers, given)):
            self.multiplied.add(roots[0])
            one, other = (array_of(self.stored[name]) for name in given)
            if one.shape == other.shape:
                zero = (one == 0) | (other == 0)
                self.tensors[roots[0]].zeros = int(np.count_nonzero(zero))
                self.tensors[roots[0]].zero_mask = lambda: zero

    def _recount(self, node: Any) -> None:
        """Once the zero point of a stored constant is known, zeros are the elements that equal it."""
        place, point = ZERO_POINTS.get(node.op_type, (0, 0))
        if point == 0 or len(node.input) <= point or node.input[place] not in self.roots:
            return
        roots, points = self.roots[node.input[place]], self._value(node.input[point])
        if points is None or len(roots) != 1 or roots[0] in self.pointed or not self._has_numbers(roots[0]):
            return
        self.pointed.add(roots[0])
        read = partial(array_of, self.stored[roots[0]])
        values = read()
        found, numbers = None, tuple(points.reshape(-1).tolist())
        if len(set(numbers)) == 1:
            found = count_equal(values, numbers[:1])
            self.tensors[roots[0]].zero_mask = mask_of(read, numbers[:1])
        elif node.input[place] in self.stored:
            axis = attribute(node, "axis", 1) if node.op_type == "DequantizeLinear" else _channels(node, values)
            found = _count_by_slice(values, points, axis)
            self.tensors[roots[0]].zero_mask = mask_of(read, numbers, axis) if points.ndim == 1 else None
        if found is not None:
            self.tensors[roots[0]].zeros = found

    def _value(self, name: str) -> NDArray[Any] | None:
        return array_of(self.stored[name]) if self._has_numbers(name) else self.sizes.values.get(name)

    def _has_numbers(self, name: str) -> bool:
        """Whether this is a constant whose numbers the file holds."""
        return name in self.stored and not is_absent(self.stored[name])


def _count_not_finite(proto: Any) -> int:
    values = array_of(proto)
    # What NumPy lacks (bfloat16) comes as a type of ml_dtypes, which it cannot add up.
    return count_not_finite(values if values.dtype.kind in "fc" else None, "")


def _multiplies_dequantised(operators: list[Operator]) -> bool:
    """Whether a layer reads what DequantizeLinear made of a tensor while the model runs."""
    floats = {name for operator in operators if operator.op == "DequantizeLinear" for name in operator.outputs}
    return any(operator.op_class in LAYERS and floats & set(operator.inputs) for operator in operators)


def _channels(node: Any, values: NDArray[Any]) -> int:
    """Along which axis QLinearConv and the integer products have one zero point for each output."""
    return 0 if "Conv" in node.op_type else values.ndim - 1


def _count_by_slice(values: NDArray[Any], points: NDArray[Any], axis: int) -> int | None:
    """Zeros where each slice along `axis`, or each block of it, has a zero point of its own."""
    if points.ndim == 1:
        return count_equal(values, [int(value) for value in points], axis)
    if points.ndim != values.ndim or not -values.ndim <= axis < values.ndim or not points.shape[axis]:
        return None
    blocks = np.repeat(points, -(-values.shape[axis] // points.shape[axis]), axis)
    blocks = blocks[tuple(slice(size) for size in values.shape)]
    return int(np.count_nonzero(values == blocks)) if blocks.shape == values.shape else None
