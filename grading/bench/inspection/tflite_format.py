"""TFLite (.tflite) to Graph, with LiteRT's own flatbuffer schema. No interpreter is loaded, nothing is run."""

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, OpClass, Operator, Tensor
from grading.bench.inspection.disguised import count_disguised
from grading.bench.inspection.finite import count_not_finite
from grading.bench.inspection.kernels import is_depthwise
from grading.bench.inspection.learned import is_mask, settle, sources
from grading.bench.inspection.patterns import mask_of
from grading.bench.inspection.tflite_batches import settle_batch
from grading.bench.inspection.tflite_checks import (
    check_arguments,
    check_points,
    check_scales,
    check_schema,
    check_step,
    check_version,
)
from grading.bench.inspection.tflite_kernels import activation, axes, kernel
from grading.bench.inspection.tflite_operators import (
    CLASS_OF,
    CONTROL_FLOW,
    COUNTED,
    Step,
    check_sizes,
    macs,
    table_places,
    weight_places,
)
from grading.bench.inspection.tflite_parts import check_parts
from grading.bench.inspection.zeros import count_zeros, numbers_of

MOST_OPERATORS, MOST_TENSORS, MOST_ENDS = 20_000, 100_000, 100
DTYPES = {
    value: name.lower().partition("_")[0] for name, value in vars(schema.TensorType).items() if isinstance(value, int)
}
OP_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
EMPTY = "This model has no input, no output, or nothing between them. Convert it again."
FROM_SIZES = {"SHAPE", "RANK"}
OUT_OF_LINE = 1  # a buffer whose data lies behind the flatbuffer has an offset above this
# What the generated accessors raise when an offset leads nowhere.
BROKEN = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError, KeyError, UnicodeDecodeError)


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: those of tflite_checks, damaged_model, control_flow, custom_operator, operator_not_counted, sparse_tensor,
    too_many_operators, unknown_type."""
    data = path.read_bytes()
    if data[4:8] != b"TFL3":
        raise BenchError("damaged_model", "This file does not begin as a TFLite model does. Convert the model again.")
    try:
        return _Reader(data).graph()
    except BROKEN as error:
        raise BenchError(
            "damaged_model", "This TFLite file is damaged or cut off. Convert the model again, and upload it whole."
        ) from error


class _Reader:
    """Walks the one subgraph of a model. Tensors are known by their place in it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.model = schema.Model.GetRootAs(data, 0)
        check_schema(self.model.Version())
        if not 1 <= self._count(self.model.SubgraphsLength()) <= MOST_ENDS:
            said = f"This TFLite file holds no graph, or more than {MOST_ENDS}. Convert the model again."
            raise BenchError("damaged_model", said)
        self.subgraph = self.model.Subgraphs(0)
        if (
            self._count(self.subgraph.OperatorsLength()) > MOST_OPERATORS
            or self._count(self.subgraph.TensorsLength()) > MOST_TENSORS
        ):
            raise BenchError("too_many_operators", f"This model has more than {MOST_OPERATORS:,} operators.")
        if max(self.subgraph.InputsLength(), self.subgraph.OutputsLength()) > MOST_ENDS:
            raise BenchError("too_many_operators", f"This model has more than {MOST_ENDS} inputs or outputs.")
        self.states: list[str] = []
        self.made: set[int] = set()
        self.tabled: set[str] = set()
        # Every constant: the stored tensors that it stands for, of those that share a buffer the first; none where it
        # follows from sizes.
        self.roots: dict[int, tuple[str, ...]] = {}
        self.stored: dict[tuple[int, ...], int] = {}
        self.described = 0  # up to here at least the flatbuffer goes
        self._check_buffers()
        self._check_others()
        check_parts(self.model, len(data), self._count)
        self.tensors = [self._tensor(place) for place in range(self.subgraph.TensorsLength())]

    def graph(self) -> Graph:
        sub = self.subgraph
        inputs = [self._key(sub.Inputs(place)) for place in range(sub.InputsLength())]
        outputs = [self._key(sub.Outputs(place)) for place in range(sub.OutputsLength())]
        if not inputs or not outputs:
            raise BenchError("damaged_model", EMPTY)
        self.made = (
            {sub.Inputs(place) for place in range(sub.InputsLength())} | self.roots.keys() | set(map(int, self.states))
        )
        steps = (self._operator(place) for place in range(sub.OperatorsLength()))
        operators = [step for step in steps if step is not None]
        if not operators:
            raise BenchError("damaged_model", EMPTY)
        for key in outputs:
            if int(key) not in self.made:
                said = f"The output {self.tensors[int(key)].name[:80]} of this model is made by nothing."
                raise BenchError("damaged_model", f"{said} Convert the model again.")
        tensors = {str(place): tensor for place, tensor in enumerate(self.tensors)}
        graph = Graph("tflite", tensors, operators, inputs, outputs, self._findings(), self.states)
        count_disguised(graph)
        settle(graph)
        return graph

    def _count(self, length: int) -> int:
        """A length of a vector, which cannot be longer than the file."""
        if not 0 <= length <= len(self.data):
            raise BenchError("damaged_model", "This TFLite file is damaged: a list in it is longer than the file.")
        return length

    def _check_buffers(self) -> None:
        """Every one lies in the file, also one that nobody reads; so does what the file adds as metadata."""
        if self._count(self.model.BuffersLength()) > MOST_TENSORS:
            raise BenchError("too_many_operators", f"This model has more than {MOST_TENSORS:,} tensors.")
        tables = (self.model.Buffers(place) for place in range(self.model.BuffersLength()))
        self.described = max([self.subgraph._tab.Pos, *(table._tab.Pos for table in tables)])
        for place in range(self.model.BuffersLength()):
            self._content(place)
        for place in range(self._count(self.model.MetadataLength())):
            self._content(self.model.Metadata(place).Buffer())

    def _check_others(self) -> None:
        """Kinds of operators that no graph has, and graphs beside the first, are not run; still nothing in them may be
        unknown, or larger than its bytes."""
        for place in range(self._count(self.model.OperatorCodesLength())):
            _known_name(self.model.OperatorCodes(place))
        for graph in (self.model.Subgraphs(place) for place in range(1, self.model.SubgraphsLength())):
            counts = (self._count(graph.OperatorsLength()), self._count(graph.TensorsLength()))
            if counts[0] > MOST_OPERATORS or counts[1] > MOST_TENSORS:
                raise BenchError("too_many_operators", f"This model has more than {MOST_OPERATORS:,} operators.")
            for place in range(counts[0]):
                self._name_of(graph.Operators(place))
            for place in range(counts[1]):
                self._described(graph.Tensors(place))

    def _findings(self) -> list[tuple[str, str]]:
        found = []
        graphs = self.model.SubgraphsLength()
        if graphs > 1:
            found.append(("more_graphs", f"This file holds {graphs} graphs; the first one is counted and measured."))
        for place in range(self.subgraph.InputsLength()):
            raw = self.subgraph.Tensors(self.subgraph.Inputs(place))
            if any(raw.ShapeSignature(i) == -1 for i in range(self._count(raw.ShapeSignatureLength()))):
                tensor = self._at(self.subgraph.Inputs(place))
                shape = "×".join(map(str, tensor.shape))
                said = f"The input {tensor.name[:80]} leaves sizes free; it is counted and measured as {shape}"
                found.append(("free_size", f"{said}, as the file stores it."))
        return found

    # -- tensors ----------------------------------------------------------------------------------------------------

    def _described(self, raw: Any) -> tuple[Tensor, NDArray[np.uint8] | None]:
        """A tensor as the file describes it, with its bytes if it is stored."""
        try:
            name = (raw.Name() or b"").decode("utf-8")
        except UnicodeDecodeError as error:  # LiteRT loads it, and its Python cannot then say what it loaded
            said = "A name in this TFLite file is not UTF-8. Convert the model again."
            raise BenchError("damaged_model", said) from error
        shape = tuple(int(raw.Shape(i)) for i in range(self._count(raw.ShapeLength())))
        if any(size < 0 for size in shape):
            raise BenchError("damaged_model", f"Tensor {name[:80]} has a negative size. Convert the model again.")
        dtype = DTYPES.get(raw.Type())
        if dtype is None:
            raise BenchError("damaged_model", f"Tensor {name[:80]} has an unknown type. Convert the model again.")
        if raw.Sparsity() is not None:
            raise BenchError(
                "sparse_tensor", "This model stores weights in TFLite's sparse form. Convert it with dense tensors."
            )
        content = self._content(raw.Buffer())
        tensor = Tensor(name, shape, dtype, constant=content is not None)
        if content is not None and dtype != "string" and len(content) != tensor.bytes:
            said = f"The data of tensor {name[:80]} has another size than its shape. Convert the model again."
            raise BenchError("damaged_model", said)
        return tensor, content

    def _tensor(self, place: int) -> Tensor:
        raw = self.subgraph.Tensors(place)
        tensor, content = self._described(raw)
        check_scales(tensor, raw.Quantization())
        points, axis = _zero_points(raw, self._count)
        check_points(tensor, points)
        if content is not None:
            tensor.zeros = count_zeros(content, tensor, points, axis)
            tensor.not_finite = partial(_count_not_finite, content, tensor)
            tensor.zero_mask = mask_of(partial(numbers_of, content, tensor), points, axis)
            first = self.stored.setdefault(self._buffer(raw.Buffer()), place)
            self.roots[place] = (str(first),)
        elif raw.IsVariable():
            self.states.append(str(place))
        return tensor

    def _content(self, place: int) -> NDArray[np.uint8] | None:
        """The bytes of a constant, in the flatbuffer or behind it; None for a tensor that is made when the model runs."""
        if not 0 <= place < self._count(self.model.BuffersLength()):
            raise BenchError("damaged_model", f"The file names buffer {place}, which does not exist. Convert again.")
        buffer = self.model.Buffers(place)
        if buffer.Offset() > OUT_OF_LINE:
            end = buffer.Offset() + buffer.Size()
            if buffer.Offset() <= self.described and buffer.Size():
                raise BenchError(
                    "damaged_model", "Weights of this model lie in its own description. Convert the model again."
                )
            if end > len(self.data):
                raise BenchError("damaged_model", "Weights of this model lie behind its end. Upload the whole file.")
            return np.frombuffer(self.data, np.uint8, buffer.Size(), buffer.Offset())
        if self._count(buffer.DataLength()) == 0:
            return None
        content: NDArray[np.uint8] = buffer.DataAsNumpy()
        return content

    def _buffer(self, place: int) -> tuple[int, ...]:
        """What tells the bytes of a buffer from those of others: where they lie, behind the flatbuffer or in it."""
        buffer = self.model.Buffers(place)
        return (buffer.Offset(), buffer.Size()) if buffer.Offset() > OUT_OF_LINE else (place,)

    def _leaves_batch_free(self, place: int) -> bool:
        raw = self.subgraph.Tensors(place)
        return bool(self._count(raw.ShapeSignatureLength()) and raw.ShapeSignature(0) == -1)

    def _look_for_mask(self, name: str) -> None:
        """Once for each stored table, however often it is read."""
        raw, tensor = self.subgraph.Tensors(int(name)), self.tensors[int(name)]
        if name in self.tabled or tensor.elements < 2:
            return
        self.tabled.add(name)
        content, quantization = self._content(raw.Buffer()), raw.Quantization()
        values = numbers_of(content, tensor) if content is not None else None
        if values is not None:
            quantised = quantization is not None and quantization.ZeroPointLength() > 0
            tensor.mask = is_mask(values.astype(np.int32) - int(quantization.ZeroPoint(0)) if quantised else values)

    def _at(self, place: int) -> Tensor:
        if not 0 <= place < len(self.tensors):
            raise BenchError("damaged_model", f"The graph names tensor {place}, which does not exist. Convert again.")
        return self.tensors[place]

    def _key(self, place: int) -> str:
        self._at(place)
        return str(place)

    # -- operators --------------------------------------------------------------------------------------------------

    def _name_of(self, raw: Any) -> str:
        if not 0 <= raw.OpcodeIndex() < self._count(self.model.OperatorCodesLength()):
            raise BenchError("damaged_model", "An operator of this model has no kind. Convert the model again.")
        code = self.model.OperatorCodes(raw.OpcodeIndex())
        name = _known_name(code)
        if name in CONTROL_FLOW:
            raise BenchError(
                "control_flow",
                f"This model branches ({name}), so its cost cannot be counted. Export it without control flow.",
            )
        if name in COUNTED:
            check_version(name, code.Version())
        else:
            raise BenchError(
                "operator_not_counted",
                f"This model uses {name}, whose multiply-accumulates or weights are not counted here, so none of it is. "
                "Convert it with the operators that it is made of.",
            )
        return name

    def _operator(self, place: int) -> Operator | None:
        """None for a step that only prepares constants: it costs nothing when the model runs."""
        raw = self.subgraph.Operators(place)
        op = self._name_of(raw)
        places = [int(raw.Inputs(i)) for i in range(self._count(raw.InputsLength()))]
        made = [int(raw.Outputs(i)) for i in range(self._count(raw.OutputsLength()))]
        if not made:
            raise BenchError("damaged_model", f"Operator {place + 1} ({op}) makes nothing. Convert the model again.")
        if self.made & set(made) or len(set(made)) < len(made):
            said = f"Operator {place + 1} ({op}) makes a tensor that is there already. Convert the model again."
            raise BenchError("damaged_model", said)
        given = [self._at(i) if i >= 0 else None for i in places]
        step = Step(op, raw, given, [self._at(i) for i in made])
        check_arguments(step, place, self.made.__contains__, places)
        self.made.update(made)
        if op in FROM_SIZES or (places and all(tensor is None or tensor.constant for tensor in given)):
            self._prepare(op, [i for i in places if i >= 0], made)
            return None
        check_step(step, place, lambda index: self._numbers(places[index]))
        settle_batch(step, lambda index: self._numbers(places[index]), free=self._leaves_batch_free(made[0]))
        check_sizes(step)
        tables = self._roots_at(places, table_places(step))
        for table in tables:
            self._look_for_mask(table)
        counted = macs(step)
        slides = kernel(step, counted)
        return Operator(
            name=step.outputs[0].name.split(";")[0],
            op=op,
            op_class=OpClass.DEPTHWISE if is_depthwise(slides) else CLASS_OF.get(op, OpClass.OTHER),
            inputs=[self._key(i) for i in places if i >= 0],
            outputs=[self._key(i) for i in made],
            macs=counted,
            weights=self._roots_at(places, weight_places(step)),
            tables=tables,
            kernel=slides,
            axes=self._axes(step, places),
            reduces=self._reduces(op, places),
            activation=activation(step),
        )

    def _reduces(self, op: str, places: list[int]) -> tuple[int, ...] | None:
        """Dimensions that a sum or mean adds up over; a pool those of its picture."""
        if op == "AVERAGE_POOL_2D":
            return (1, 2)
        if op not in ("SUM", "MEAN", "CUMSUM") or len(places) < 2 or places[1] < 0:
            return None
        numbers = self._numbers(places[1])
        return None if numbers is None else tuple(int(axis) for axis in numbers.reshape(-1))

    def _numbers(self, place: int) -> NDArray[Any] | None:
        """Of a tensor that is stored."""
        content = self._content(self.subgraph.Tensors(place).Buffer()) if place >= 0 else None
        return None if content is None else numbers_of(content, self._at(place))

    def _axes(self, step: Step, places: list[int]) -> dict[str, tuple[int, int]]:
        """Where the channels of its weights are, for those that are one stored tensor in its own shape."""
        found = {}
        for place in weight_places(step):
            roots, seen = self.roots[places[place]], axes(step, place)
            if seen is not None and len(roots) == 1 and self.tensors[int(roots[0])].shape == step.shape(place):
                found[roots[0]] = seen
        return found

    def _roots_at(self, places: list[int], wanted: list[int]) -> list[str]:
        """The stored tensors behind these inputs, each once."""
        return list(dict.fromkeys(root for place in wanted for root in self.roots[places[place]]))

    def _prepare(self, op: str, places: list[int], made: list[int]) -> None:
        """What is made of constants alone, or follows from sizes, is a constant."""
        operands = [(self.tensors[i], self.roots[i]) for i in places] if op not in FROM_SIZES else []
        for place in made:
            self._at(place).constant = True
            self.roots[place] = sources(CLASS_OF.get(op, OpClass.OTHER), op, operands)


def _known_name(code: Any) -> str:
    """Raises BenchError (custom_operator) where it is none of TFLite's own."""
    name = str(OP_NAMES.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), ""))
    if name and name not in {"CUSTOM", "DELEGATE"} and not name.startswith("STABLEHLO_"):
        return name
    if code.CustomCode() == b"edgetpu-custom-op":
        said = "This model was compiled for the Edge TPU, so its layers cannot be seen."
        raise BenchError("custom_operator", f"{said} Hand in the file from before edgetpu_compiler.")
    custom = (code.CustomCode() or name.encode()).decode("utf-8", "replace")[:80] or "without a name"
    raise BenchError(
        "custom_operator",
        f"This model uses the operator {custom}, which cannot be measured here. "
        "Convert it with TFLite's built-in operators only (no select TF ops).",
    )


def _count_not_finite(content: NDArray[np.uint8], tensor: Tensor) -> int:
    return count_not_finite(numbers_of(content, tensor), tensor.dtype) if "float" in tensor.dtype else 0


def _zero_points(raw: Any, count: Callable[[int], int]) -> tuple[tuple[int, ...], int]:
    """The zero point of a tensor, or one for each place along an axis, and that axis."""
    quantization = raw.Quantization()
    if quantization is None or count(quantization.ZeroPointLength()) == 0:
        return (0,), 0
    points = tuple(int(quantization.ZeroPoint(i)) for i in range(quantization.ZeroPointLength()))
    return points, int(quantization.QuantizedDimension())
