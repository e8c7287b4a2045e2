"""Writes a built network as an ONNX file with made-up weights: something to be timed, from the same graph that the cost model counts.

Pure Python, and the same graph and seed give the same bytes. The weights are no zeros and keep the size of what flows through, so that no
runtime skips anything and nothing becomes infinite or denormal; they say nothing else.
"""

import struct
from collections.abc import Callable
from functools import cache
from math import prod, sqrt
from random import Random

from grading.bench.architectures import onnx_bytes as pb
from grading.bench.architectures.onnx_bytes import Attribute
from grading.bench.graph import Graph, Operator

# Length of the row of numbers of which weights are made: a prime, so that neighbours in no axis are alike.
DRAWN = 4099
GROUPS_SHUFFLED = 2


class CannotWrite(ValueError):
    """The graph holds what this writer does not know."""


def write_onnx(graph: Graph, seed: int = 1) -> bytes:
    """An ONNX file of a graph that `Builder` has made, in floats.

    Raises:
        CannotWrite: integers, an operator that is not known here, or attention of several heads.
    """
    return _Writer(graph, seed).model()


@cache
def drawn(seed: int) -> tuple[float, ...]:
    """Even between -1 and 1, none of them near zero."""
    made = Random(seed)  # noqa: S311 numbers to multiply with, no secret
    return tuple(made.uniform(0.1, 1.0) * made.choice((-1, 1)) for _ in range(DRAWN))


class _Writer:
    def __init__(self, graph: Graph, seed: int) -> None:
        self.graph, self.seed = graph, seed
        self.nodes: list[bytes] = []
        self.stored: list[bytes] = []
        self.names: set[str] = set()

    def model(self) -> bytes:
        for operator in self.graph.operators:
            self._operator(operator)
        inputs, outputs = (
            [pb.value_info(name, self.graph.tensors[name].shape) for name in names]
            for names in (self.graph.inputs, self.graph.outputs)
        )
        return pb.model(self.nodes, self.stored, inputs, outputs)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.graph.tensors[name].shape

    def _operator(self, operator: Operator) -> None:
        write = WRITERS.get(operator.op)
        if write is None or self.graph.tensors[operator.outputs[0]].dtype != "float32":
            raise CannotWrite(f"{operator.op} is not written here.")
        out = operator.outputs[0]
        write(self, operator, f"{out}/plain" if operator.activation else out)
        if operator.activation == "RELU":
            self.node("Relu", [f"{out}/plain"], out)
        elif operator.activation:
            self.node("Clip", [f"{out}/plain", self.numbers("zero", (), [0.0]), self.numbers("six", (), [6.0])], out)

    # parts of a file

    def node(self, op: str, inputs: list[str], output: str, **attributes: Attribute) -> str:
        self.nodes.append(pb.node(op, inputs, output, attributes))
        return output

    def weights(self, name: str, shape: tuple[int, ...], fan_in: int) -> str:
        """Numbers whose sum of `fan_in` products is as large as one of them, and as itself after a ReLU."""
        count, size = prod(shape), sqrt(5.0 / max(fan_in, 1))
        start = (self.seed * 31 + len(self.stored) * 977) % DRAWN
        row = [value * size for value in drawn(self.seed)]
        row = row[start:] + row[:start]
        whole = struct.pack(f"<{DRAWN}f", *row)
        raw = (whole * -(-count // DRAWN))[: 4 * count]
        self.stored.append(pb.tensor(name, shape, pb.FLOAT, raw))
        return name

    def numbers(self, name: str, shape: tuple[int, ...], values: list[float]) -> str:
        if name not in self.names:
            self.names.add(name)
            self.stored.append(pb.tensor(name, shape, pb.FLOAT, struct.pack(f"<{len(values)}f", *values)))
        return name

    def whole(self, name: str, values: tuple[int, ...]) -> str:
        self.stored.append(pb.tensor(name, (len(values),), pb.INT64, struct.pack(f"<{len(values)}q", *values)))
        return name

    def reshaped(self, x: str, shape: tuple[int, ...], out: str) -> str:
        return self.node("Reshape", [x, self.whole(f"{out}/shape", shape)], out)

    # operators

    def convolution(self, operator: Operator, out: str) -> None:
        kernel = operator.kernel
        assert kernel is not None
        x, (weight, *bias) = operator.inputs[0], operator.weights
        shape = self.shape(weight)
        if kernel.transposed:
            self._transposed(operator, out)
            return
        given = [
            self.weights(weight, shape, prod(shape[1:])),
            *(self.weights(name, self.shape(name), 100) for name in bias),
        ]
        self.node("Conv", [x, *given], out, **self._window(operator), group=kernel.groups)

    def _transposed(self, operator: Operator, out: str) -> None:
        kernel = operator.kernel
        assert kernel is not None
        x, (weight, *bias) = operator.inputs[0], operator.weights
        axes = zip(self.shape(x)[2:], self.shape(operator.outputs[0])[2:], kernel.size, kernel.stride, strict=True)
        around = [(n - 1) * stride + size - made for n, made, size, stride in axes]
        stored = (kernel.in_channels, kernel.out_channels, *kernel.size)
        given = [
            self.weights(weight, stored, kernel.in_channels * prod(kernel.size)),
            *(self.weights(name, self.shape(name), 100) for name in bias),
        ]
        more = {"output_padding": [max(-total, 0) for total in around]} if min(around) < 0 else {}
        self.node(
            "ConvTranspose", [x, *given], out, kernel_shape=kernel.size, strides=kernel.stride, pads=_pads(around), **more
        )  # fmt: skip

    def _window(self, operator: Operator) -> dict[str, Attribute]:
        """Padding is what the sizes need, more of it behind, as TensorFlow lays it: it changes no multiply-accumulate."""
        kernel = operator.kernel
        assert kernel is not None
        axes = zip(
            self.shape(operator.inputs[0])[2:], self.shape(operator.outputs[0])[2:], kernel.size, kernel.stride, kernel.dilation,
            strict=True,
        )  # fmt: skip
        around = [(made - 1) * stride + apart * (size - 1) + 1 - n for n, made, size, stride, apart in axes]
        return {
            "kernel_shape": kernel.size,
            "strides": kernel.stride,
            "dilations": kernel.dilation,
            "pads": _pads(around),
        }

    def pool(self, operator: Operator, out: str) -> None:
        window = {key: value for key, value in self._window(operator).items() if key != "dilations"}
        op = "MaxPool" if operator.op == "MAX_POOL_2D" else "AveragePool"
        self.node(op, [operator.inputs[0]], out, **window)

    def dense(self, operator: Operator, out: str) -> None:
        x, (weight, *bias) = operator.inputs[0], operator.weights
        size_out, size_in = self.shape(weight)
        added = [self.weights(name, self.shape(name), 100) for name in bias]
        if len(self.shape(x)) == 2:
            self.node("Gemm", [x, self.weights(weight, (size_out, size_in), size_in), *added], out, transB=1)
            return
        product = self.node(
            "MatMul", [x, self.weights(weight, (size_in, size_out), size_in)], f"{out}/product" if added else out
        )
        if added:
            self.node("Add", [product, *added], out)

    def matmul(self, operator: Operator, out: str) -> None:
        (a, b), made = operator.inputs[:2], self.shape(operator.outputs[0])
        first, second = self.shape(a), self.shape(b)
        if first[-1] == second[-2] and made == (*first[:-1], second[-1]):  # also where both would do: it costs the same
            self.node("MatMul", [a, b], out)
        elif first[-1] == second[-1] and made == (*first[:-1], second[-2]):
            self.node("MatMul", [a, self.node("Transpose", [b], f"{out}/turned", perm=(0, 2, 1))], out)
        else:
            raise CannotWrite("Attention of several heads is not written here.")

    def elementwise(self, operator: Operator, out: str) -> None:
        """Of two tensors, of one and a stored table, or a scale of each channel, which is a batch normalisation."""
        if operator.op == "MUL" and operator.weights:
            channels = self.shape(operator.weights[0])
            count = channels[0]
            given = [
                self.numbers(f"{out}/{name}", channels, [value] * count)
                for name, value in (("scale", 1.1), ("shift", 0.1))
            ]
            rest = [
                self.numbers(f"{out}/{name}", channels, [value] * count)
                for name, value in (("mean", 0.0), ("variance", 1.0))
            ]
            self.node("BatchNormalization", [operator.inputs[0], *given, *rest], out)
            return
        given = [
            name if name not in operator.weights else self.weights(name, self.shape(name), 5)
            for name in operator.inputs
        ]
        self.node("Add" if operator.op == "ADD" else "Mul", given, out)

    def concat(self, operator: Operator, out: str) -> None:
        first, made = self.shape(operator.inputs[0]), self.shape(operator.outputs[0])
        axis = next(place for place, (a, b) in enumerate(zip(first, made, strict=True)) if a != b)
        self.node("Concat", operator.inputs, out, axis=axis)

    def slice(self, operator: Operator, out: str) -> None:
        size = self.shape(operator.outputs[0])[1]
        ends = [self.whole(f"{out}/{name}", (value,)) for name, value in (("from", 0), ("to", size), ("axis", 1))]
        self.node("Slice", [operator.inputs[0], *ends], out)

    def reshape(self, operator: Operator, out: str) -> None:
        x, made = operator.inputs[0], self.shape(operator.outputs[0])
        given = self.shape(x)
        if len(given) == 4 and len(made) == 3:  # a picture as a row of its places
            x = self.node(
                "Transpose", [self.reshaped(x, (given[0], given[1], made[1]), f"{out}/row")], out, perm=(0, 2, 1)
            )
            return
        self.reshaped(x, made, out)

    def shuffle(self, operator: Operator, out: str) -> None:
        x = operator.inputs[0]
        batch, channels, *sides = self.shape(x)
        if channels % GROUPS_SHUFFLED:
            raise CannotWrite(f"{channels} channels do not divide into {GROUPS_SHUFFLED} groups.")
        apart = self.reshaped(x, (batch, GROUPS_SHUFFLED, channels // GROUPS_SHUFFLED, *sides), f"{out}/apart")
        turned = self.node("Transpose", [apart], f"{out}/turned", perm=(0, 2, 1, 3, 4))
        self.reshaped(turned, (batch, channels, *sides), out)

    def resize(self, operator: Operator, out: str) -> None:
        x = operator.inputs[0]
        scale = [made / given for made, given in zip(self.shape(operator.outputs[0]), self.shape(x), strict=True)]
        self.node(
            "Resize", [x, "", self.numbers(f"{out}/scale", (len(scale),), scale)], out, mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    def norm(self, operator: Operator, out: str) -> None:
        given = [self.weights(name, self.shape(name), 5) for name in operator.weights]
        self.node("LayerNormalization", [operator.inputs[0], *given], out, axis=-1)

    def gelu(self, operator: Operator, out: str) -> None:
        """In the parts in which exporters of PyTorch store it."""
        x = operator.inputs[0]
        scaled = self.node("Mul", [x, self.numbers("root of a half", (), [sqrt(0.5)])], f"{out}/scaled")
        plus = self.node(
            "Add", [self.node("Erf", [scaled], f"{out}/erf"), self.numbers("one", (), [1.0])], f"{out}/plus"
        )
        product = self.node("Mul", [x, plus], f"{out}/product")
        self.node("Mul", [product, self.numbers("half", (), [0.5])], out)


def _pads(around: list[int]) -> list[int]:
    """Those before each axis, then those behind."""
    before = [max(total, 0) // 2 for total in around]
    return [*before, *(max(total, 0) - one for total, one in zip(around, before, strict=True))]


Write = Callable[[_Writer, Operator, str], None]


def _alone(op: str, **attributes: Attribute) -> Write:
    """An operator on one tensor that is called otherwise."""

    def write(writer: _Writer, operator: Operator, out: str) -> None:
        writer.node(op, [operator.inputs[0]], out, **attributes)

    return write


WRITERS: dict[str, Write] = {
    "CONV_2D": _Writer.convolution, "DEPTHWISE_CONV_2D": _Writer.convolution, "TRANSPOSE_CONV": _Writer.convolution,
    "FULLY_CONNECTED": _Writer.dense, "BATCH_MATMUL": _Writer.matmul, "MAX_POOL_2D": _Writer.pool, "AVERAGE_POOL_2D": _Writer.pool,
    "MEAN": _alone("GlobalAveragePool"), "ADD": _Writer.elementwise, "MUL": _Writer.elementwise, "CONCATENATION": _Writer.concat,
    "SLICE": _Writer.slice, "RESHAPE": _Writer.reshape, "TRANSPOSE": _Writer.shuffle, "RESIZE_NEAREST_NEIGHBOR": _Writer.resize,
    "LAYER_NORM": _Writer.norm, "SOFTMAX": _alone("Softmax", axis=-1), "RELU": _alone("Relu"), "LOGISTIC": _alone("Sigmoid"),
    "HARD_SWISH": _alone("HardSwish"), "HARD_SIGMOID": _alone("HardSigmoid", alpha=1 / 6, beta=0.5), "TANH": _alone("Tanh"),
    "ELU": _alone("Elu"), "LEAKY_RELU": _alone("LeakyRelu"), "GELU": _Writer.gelu,
}  # fmt: skip
