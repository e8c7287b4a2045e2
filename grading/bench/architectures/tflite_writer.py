"""Writes a built network as a TFLite file with made-up weights, in float32 or int8: onnx_writer.py for the other runtime.

Pure Python, and the same graph gives the same bytes. Pictures are (1, height, width, channels) here. In int8 every tensor has one scale,
which is right for nobody and costs what any other costs. Numbers: tensorflow/lite/schema/schema.fbs.
"""

import struct
from collections.abc import Callable
from functools import cache
from math import prod, sqrt
from random import Random

from grading.bench.architectures.flat_bytes import (
    BOOL,
    BYTE,
    FLOAT,
    INT,
    LONG,
    UBYTE,
    UINT,
    Raw,
    Table,
    Vector,
    written,
)
from grading.bench.architectures.onnx_writer import DRAWN, GROUPS_SHUFFLED, CannotWrite, drawn
from grading.bench.graph import Graph, Operator

SCHEMA_VERSION = 3
F32, I32, I8 = 0, 2, 9  # TensorType
SCALE = 0.05
NAMES = {"float32": F32, "int8": I8}
# BuiltinOperator, and BuiltinOptions with their number.
CODES = {
    "ADD": 0, "AVERAGE_POOL_2D": 1, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 9, "LOGISTIC": 14,
    "MAX_POOL_2D": 17, "MUL": 18, "RELU": 19, "RESHAPE": 22, "SOFTMAX": 25, "TANH": 28, "TRANSPOSE": 39, "MEAN": 40, "SLICE": 65,
    "TRANSPOSE_CONV": 67, "RESIZE_NEAREST_NEIGHBOR": 97, "HARD_SWISH": 117, "BATCH_MATMUL": 126,
}  # fmt: skip
CONV, DEPTHWISE, POOL, DENSE, SOFTMAX, CONCAT, ADD, RESHAPE, MUL, TRANSPOSE, REDUCE, SLICE, UP, RESIZE, HARD_SWISH, MATMUL = (
    1, 2, 5, 8, 9, 10, 11, 17, 21, 26, 27, 48, 49, 74, 91, 101,
)  # fmt: skip
SAME, VALID = 0, 1
FUSED = {"": 0, "RELU": 1, "RELU6": 3}
# The least version of a kernel that takes int8 (tensorflow/lite/tools/versioning/op_version.cc), and grouped convolution.
VERSIONS = {
    "DEPTHWISE_CONV_2D": 3,
    "CONV_2D": 5,
    "FULLY_CONNECTED": 4,
    "TRANSPOSE_CONV": 3,
    "RESHAPE": 1,
    "HARD_SWISH": 1,
}
# Outputs whose scale and zero point the kernels ask for.
FIXED = {"SOFTMAX": (1 / 256, -128), "LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
Options = tuple[int, Table]


def write_tflite(graph: Graph) -> bytes:
    """A TFLite file of a graph that `Builder` has made, in floats or quantised.

    Raises:
        CannotWrite: an operator that is not known here or that TFLite does not have.
    """
    return _Writer(graph).model()


def can_write(graph: Graph) -> bool:
    """Whether TFLite has all of its operators, and this writer knows them."""
    return all(one.op in WRITERS and not (one.op in ("ADD", "MUL") and one.weights) for one in graph.operators)


@cache
def _bytes() -> bytes:
    """Weights in int8, none of them zero."""
    made = Random(1)  # noqa: S311 numbers to multiply with, no secret
    return bytes(made.choice([*range(1, 128), *range(129, 256)]) for _ in range(DRAWN))


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors: list[Table] = []
        self.buffers: list[Table] = [Table()]  # the first means: no data
        self.steps: list[Table] = []
        self.codes: list[str] = []
        self.index: dict[str, int] = {}
        self.scales: dict[str, tuple[float, int]] = {}

    def model(self) -> bytes:
        for name in self.graph.inputs:
            self.computed(name)
        for operator in self.graph.operators:
            write = WRITERS.get(operator.op)
            if write is None:
                raise CannotWrite(f"{operator.op} is not written here.")
            write(self, operator)
        ends = [
            Vector(tuple(self.index[name] for name in names), INT) for names in (self.graph.inputs, self.graph.outputs)
        ]
        graph = Table({0: Vector(self.tensors), 1: ends[0], 2: ends[1], 3: Vector(self.steps), 4: "network"})
        codes = [
            Table({0: (BYTE, CODES[op]), 2: (INT, VERSIONS.get(op, 2 if self.is_int8 else 1)), 3: (INT, CODES[op])})
            for op in self.codes
        ]
        root = Table(
            {0: (UINT, SCHEMA_VERSION), 1: Vector(codes), 2: Vector([graph]), 3: "milliamp", 4: Vector(self.buffers)}
        )
        return written(root, b"TFL3")

    @property
    def is_int8(self) -> bool:
        return self.graph.tensors[self.graph.inputs[0]].dtype == "int8"

    def shape(self, name: str) -> tuple[int, ...]:
        """As TFLite lays it: channels last in pictures."""
        found = self.graph.tensors[name].shape
        return (found[0], found[2], found[3], found[1]) if len(found) == 4 else found

    # parts of a file

    def tensor(
        self, name: str, shape: tuple[int, ...], kind: int, scale: tuple[float, int] | None, data: bytes = b""
    ) -> int:
        made = Table(
            {0: Vector(tuple(shape), INT), 1: (BYTE, kind), 2: (UINT, len(self.buffers) if data else 0), 3: name}
        )
        if data:
            self.buffers.append(Table({0: Raw(data)}))
        if scale is not None:
            made.fields[4] = Table({2: Vector((scale[0],), FLOAT), 3: Vector((float(scale[1]),), LONG, align=8)})
        self.tensors.append(made)
        return len(self.tensors) - 1

    def computed(self, name: str, op: str = "") -> int:
        kind = NAMES.get(self.graph.tensors[name].dtype)
        if kind is None:
            raise CannotWrite(f"{self.graph.tensors[name].dtype} is not written here.")
        self.scales[name] = FIXED.get(op, (SCALE, 0))
        self.index[name] = self.tensor(name, self.shape(name), kind, self.scales[name] if kind == I8 else None)
        return self.index[name]

    def weights(self, name: str, shape: tuple[int, ...], fan_in: int) -> int:
        count = prod(shape)
        if self.is_int8:
            scale = sqrt(5.0 / max(fan_in, 1)) / 127
            return self.tensor(name, shape, I8, (scale, 0), (_bytes() * -(-count // DRAWN))[:count])
        row = struct.pack(f"<{DRAWN}f", *(value * sqrt(5.0 / max(fan_in, 1)) for value in drawn(1)))
        return self.tensor(name, shape, F32, None, (row * -(-count // DRAWN))[: 4 * count])

    def bias(self, name: str, scale_of: str, fan_in: int) -> int:
        count = self.graph.tensors[name].shape[0]
        if self.is_int8:
            scale = self.scales[scale_of][0] * sqrt(5.0 / max(fan_in, 1)) / 127
            return self.tensor(
                name, (count,), I32, (scale, 0), struct.pack(f"<{count}i", *(n % 50 + 1 for n in range(count)))
            )
        return self.tensor(
            name, (count,), F32, None, struct.pack(f"<{count}f", *(0.01 * (n % 10 + 1) for n in range(count)))
        )

    def whole(self, name: str, values: tuple[int, ...]) -> int:
        return self.tensor(name, (len(values),), I32, None, struct.pack(f"<{len(values)}i", *values))

    def step(self, op: str, inputs: list[int], output: int, options: Options | None = None) -> None:
        if op not in self.codes:
            self.codes.append(op)
        made = Table({0: (UINT, self.codes.index(op)), 1: Vector(tuple(inputs), INT), 2: Vector((output,), INT)})
        if options is not None:
            made.fields |= {3: (UBYTE, options[0]), 4: options[1]}
        self.steps.append(made)

    # operators

    def convolution(self, operator: Operator) -> None:
        kernel = operator.kernel
        assert kernel is not None
        x, (weight, *bias), out = operator.inputs[0], operator.weights, operator.outputs[0]
        shape = self.graph.tensors[weight].shape
        is_deep, fan_in = operator.op == "DEPTHWISE_CONV_2D", prod(shape[1:])
        laid = (1, *kernel.size, shape[0]) if is_deep else (shape[0], *kernel.size, shape[1])
        given = [self.index[x], self.weights(weight, laid, fan_in), *(self.bias(name, x, fan_in) for name in bias)]
        high, wide = kernel.stride
        more = [(INT, shape[0] // kernel.in_channels)] if is_deep else []
        said = [(BYTE, self.padding(operator)), (INT, wide), (INT, high), *more, (BYTE, FUSED[operator.activation])]
        said += [(INT, kernel.dilation[1]), (INT, kernel.dilation[0])]
        options = (DEPTHWISE if is_deep else CONV, Table(dict(enumerate(said))))
        self.step(operator.op, given, self.computed(out), options)

    def padding(self, operator: Operator) -> int:
        """TensorFlow's two words; a size that neither gives is not written."""
        kernel = operator.kernel
        assert kernel is not None
        ways = zip(
            self.graph.tensors[operator.inputs[0]].shape[2:], self.graph.tensors[operator.outputs[0]].shape[2:], kernel.size, kernel.stride,
            kernel.dilation or (1, 1), strict=True,
        )  # fmt: skip
        found = [
            {SAME: -(-n // stride) == made, VALID: -(-(n - apart * (size - 1)) // stride) == made}
            for n, made, size, stride, apart in ways
        ]
        fitting = [word for word in (SAME, VALID) if all(one[word] for one in found)]
        if not fitting:
            raise CannotWrite("A padding other than `same` and `valid` is not written here.")
        return fitting[0]

    def transposed(self, operator: Operator) -> None:
        kernel = operator.kernel
        assert kernel is not None
        x, (weight, *bias), out = operator.inputs[0], operator.weights, operator.outputs[0]
        fan_in = kernel.in_channels * prod(kernel.size)
        filter_ = self.weights(weight, (kernel.out_channels, *kernel.size, kernel.in_channels), fan_in)
        given = [
            self.whole(f"{out}/shape", self.shape(out)),
            filter_,
            self.index[x],
            *(self.bias(name, x, fan_in) for name in bias),
        ]
        said = [(BYTE, SAME), (INT, kernel.stride[1]), (INT, kernel.stride[0]), (BYTE, FUSED[operator.activation])]
        self.step("TRANSPOSE_CONV", given, self.computed(out), (UP, Table(dict(enumerate(said)))))

    def dense(self, operator: Operator) -> None:
        x, (weight, *bias), out = operator.inputs[0], operator.weights, operator.outputs[0]
        shape = self.graph.tensors[weight].shape
        given = [self.index[x], self.weights(weight, shape, shape[1]), *(self.bias(name, x, shape[1]) for name in bias)]
        keeps = len(self.shape(x)) > 2
        said: dict[int, tuple[str, float]] = {0: (BYTE, FUSED[operator.activation]), 2: (BOOL, keeps)}
        self.step("FULLY_CONNECTED", given, self.computed(out), (DENSE, Table(dict(said))))

    def matmul(self, operator: Operator) -> None:
        (a, b), made = operator.inputs[:2], self.shape(operator.outputs[0])
        first, second = self.shape(a), self.shape(b)
        plain = first[-1] == second[-2] and made == (*first[:-1], second[-1])
        if not plain and not (first[-1] == second[-1] and made == (*first[:-1], second[-2])):
            raise CannotWrite("Attention of several heads is not written here.")
        self.step(
            "BATCH_MATMUL",
            [self.index[a], self.index[b]],
            self.computed(operator.outputs[0]),
            (MATMUL, Table({1: (BOOL, not plain)})),
        )

    def pool(self, operator: Operator) -> None:
        kernel = operator.kernel
        assert kernel is not None
        (high, wide), (tall, broad) = kernel.stride, kernel.size
        said = [
            (BYTE, self.padding(operator)),
            (INT, wide),
            (INT, high),
            (INT, broad),
            (INT, tall),
            (BYTE, FUSED[operator.activation]),
        ]
        self.step(
            operator.op,
            [self.index[operator.inputs[0]]],
            self.computed(operator.outputs[0]),
            (POOL, Table(dict(enumerate(said)))),
        )

    def mean(self, operator: Operator) -> None:
        out = operator.outputs[0]
        axes = self.whole(f"{out}/axes", (1, 2))
        self.step(
            "MEAN", [self.index[operator.inputs[0]], axes], self.computed(out), (REDUCE, Table({0: (BOOL, True)}))
        )

    def elementwise(self, operator: Operator) -> None:
        if operator.weights:
            raise CannotWrite("A stored table that is added or multiplied is not written here.")
        options = (ADD if operator.op == "ADD" else MUL, Table({0: (BYTE, FUSED[operator.activation])}))
        self.step(
            operator.op, [self.index[name] for name in operator.inputs], self.computed(operator.outputs[0]), options
        )

    def concat(self, operator: Operator) -> None:
        first, made = self.shape(operator.inputs[0]), self.shape(operator.outputs[0])
        axis = next(place for place, (a, b) in enumerate(zip(first, made, strict=True)) if a != b)
        given = [self.index[name] for name in operator.inputs]
        self.step("CONCATENATION", given, self.computed(operator.outputs[0]), (CONCAT, Table({0: (INT, axis)})))

    def slice(self, operator: Operator) -> None:
        out = operator.outputs[0]
        begin, size = self.whole(f"{out}/from", (0,) * len(self.shape(out))), self.whole(f"{out}/size", self.shape(out))
        self.step("SLICE", [self.index[operator.inputs[0]], begin, size], self.computed(out), (SLICE, Table()))

    def reshape(self, operator: Operator) -> None:
        out = operator.outputs[0]
        shape = self.whole(f"{out}/shape", self.shape(out))
        self.step("RESHAPE", [self.index[operator.inputs[0]], shape], self.computed(out), (RESHAPE, Table()))

    def shuffle(self, operator: Operator) -> None:
        x, out = operator.inputs[0], operator.outputs[0]
        batch, high, wide, channels = self.shape(x)
        if channels % GROUPS_SHUFFLED:
            raise CannotWrite(f"{channels} channels do not divide into {GROUPS_SHUFFLED} groups.")
        kind, scale = (I8, (SCALE, 0)) if self.is_int8 else (F32, None)
        shapes = [
            (batch, high, wide, *pair)
            for pair in ((GROUPS_SHUFFLED, channels // GROUPS_SHUFFLED), (channels // GROUPS_SHUFFLED, GROUPS_SHUFFLED))
        ]
        apart, turned = (
            self.tensor(f"{out}/{name}", shape, kind, scale)
            for name, shape in zip(("apart", "turned"), shapes, strict=True)
        )
        self.step("RESHAPE", [self.index[x], self.whole(f"{out}/to", shapes[0])], apart, (RESHAPE, Table()))
        self.step("TRANSPOSE", [apart, self.whole(f"{out}/order", (0, 1, 2, 4, 3))], turned, (TRANSPOSE, Table()))
        self.step(
            "RESHAPE", [turned, self.whole(f"{out}/back", self.shape(out))], self.computed(out), (RESHAPE, Table())
        )

    def resize(self, operator: Operator) -> None:
        out = operator.outputs[0]
        size = self.whole(f"{out}/size", self.shape(out)[1:3])
        self.step(
            "RESIZE_NEAREST_NEIGHBOR", [self.index[operator.inputs[0]], size], self.computed(out), (RESIZE, Table())
        )

    def alone(self, operator: Operator) -> None:
        """On one tensor. The scale of what comes out is the kernel's own, where it has one."""
        options = {"SOFTMAX": (SOFTMAX, Table({0: (FLOAT, 1.0)})), "HARD_SWISH": (HARD_SWISH, Table())}.get(operator.op)
        self.step(
            operator.op, [self.index[operator.inputs[0]]], self.computed(operator.outputs[0], operator.op), options
        )


WRITERS: dict[str, Callable[[_Writer, Operator], None]] = {
    "CONV_2D": _Writer.convolution, "DEPTHWISE_CONV_2D": _Writer.convolution, "TRANSPOSE_CONV": _Writer.transposed,
    "FULLY_CONNECTED": _Writer.dense, "BATCH_MATMUL": _Writer.matmul, "MAX_POOL_2D": _Writer.pool, "AVERAGE_POOL_2D": _Writer.pool,
    "MEAN": _Writer.mean, "ADD": _Writer.elementwise, "MUL": _Writer.elementwise, "CONCATENATION": _Writer.concat, "SLICE": _Writer.slice,
    "RESHAPE": _Writer.reshape, "TRANSPOSE": _Writer.shuffle, "RESIZE_NEAREST_NEIGHBOR": _Writer.resize, "SOFTMAX": _Writer.alone,
    "LOGISTIC": _Writer.alone, "TANH": _Writer.alone, "HARD_SWISH": _Writer.alone, "RELU": _Writer.alone,
}  # fmt: skip
