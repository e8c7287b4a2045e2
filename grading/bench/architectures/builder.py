"""Puts a network together layer by layer: shapes are computed, weights are constants of which only the shape is known.

Tensors are (1, channels, height, width), or (1, tokens, features) in a transformer. Operators carry TFLite's names. Batch
normalisation stands for nothing here: every runtime folds it into the layer before.
"""

from dataclasses import dataclass, field
from math import prod

from grading.bench.bounds import MOST_ELEMENTS
from grading.bench.graph import Graph, Kernel, OpClass, Operator, Tensor

Size = int | tuple[int, int]
Padding = str | int | tuple[int, int]
SAME, VALID = "same", "valid"
# Activations that every runtime computes inside the layer before; all others are operators of their own.
FUSED = {"relu": "RELU", "relu6": "RELU6"}
ACTIVATIONS = {
    "relu": "RELU", "relu6": "RELU6", "leaky_relu": "LEAKY_RELU", "hard_swish": "HARD_SWISH", "sigmoid": "LOGISTIC",
    "hard_sigmoid": "HARD_SIGMOID", "tanh": "TANH", "gelu": "GELU", "elu": "ELU",
}  # fmt: skip


class ShapeError(ValueError):
    """A layer that does not fit its input; the sentence says how."""


def pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def slid(size: int, kernel: int, stride: int, dilation: int, padding: str | int) -> int:
    """Places of a window along one axis of `size` elements. "same" is TensorFlow's: size / stride, rounded up.

    Raises:
        ShapeError: the window is larger than what it slides over.
    """
    if padding == SAME:
        return -(-size // stride)
    around = 0 if isinstance(padding, str) else padding
    places = (size + 2 * around - dilation * (kernel - 1) - 1) // stride + 1
    if places < 1:
        raise ShapeError(
            f"a window of {dilation * (kernel - 1) + 1} is larger than the {size + 2 * around} it slides over"
        )
    return places


@dataclass
class Builder:
    """Collects layers. Every method takes names of tensors and returns the name of what it makes.

    shape: of the input, with the batch. quantised: int8 weights and activations and int32 biases, else float32.
    """

    shape: tuple[int, ...] = (1, 3, 224, 224)
    quantised: bool = False
    tensors: dict[str, Tensor] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.input = "input"
        self.tensors["input"] = Tensor("input", self.shape, self.dtype)

    @property
    def dtype(self) -> str:
        return "int8" if self.quantised else "float32"

    def size(self, x: str) -> tuple[int, ...]:
        return self.tensors[x].shape

    def channels(self, x: str) -> int:
        return self.size(x)[1]

    def graph(self, *outputs: str) -> Graph:
        return Graph("arch", self.tensors, self.operators, [self.input], list(outputs))

    # one operator

    def emit(
        self, op: str, op_class: OpClass, inputs: list[str], shape: tuple[int, ...], *, weights: tuple[tuple[int, ...], ...] = (),
        macs: int = 0, kernel: Kernel | None = None, activation: str = "", name: str = "",
    ) -> str:  # fmt: skip
        """Add an operator; weights: shapes of weight and bias."""
        # Sizes that multiply from layer to layer soon have more digits than can be printed.
        if any(prod(size) > MOST_ELEMENTS for size in (shape, *weights)):
            raise ShapeError("it would make a tensor larger than any device can hold")
        name = name or f"{op.lower()}_{len(self.operators)}"
        constants = []
        for place, size in enumerate(weights):
            label = f"{name}/{'bias' if place else 'weight'}"
            dtype = self.dtype if place == 0 else ("int32" if self.quantised else "float32")
            self.tensors[label] = Tensor(label, size, dtype, constant=True)
            constants.append(label)
        self.tensors[name] = Tensor(name, shape, self.dtype)
        fused = FUSED.get(activation, "")
        self.operators.append(
            Operator(name, op, op_class, [*inputs, *constants], [name], macs, constants, [], kernel, fused)
        )
        return self.activation(name, activation) if activation and not fused else name

    # layers that multiply and accumulate

    def conv(
        self, x: str, out: int, size: Size = 1, stride: Size = 1, *, padding: Padding = SAME, groups: int = 1,
        dilation: Size = 1, activation: str = "", bias: bool = True, name: str = "",
    ) -> str:  # fmt: skip
        """Two-dimensional convolution; groups equal to the input's channels make it depthwise."""
        given = self._picture(x)
        if given[1] % groups or out % groups:
            raise ShapeError(f"{given[1]} channels in and {out} out do not divide into {groups} groups")
        kernel = Kernel(pair(size), pair(stride), pair(dilation), groups, given[1], out)
        shape = (given[0], out, *self._slid(given, kernel, padding))
        weight = (out, given[1] // groups, *kernel.size)
        deep = groups > 1 and groups == given[1]
        op, op_class = ("DEPTHWISE_CONV_2D", OpClass.DEPTHWISE) if deep else ("CONV_2D", OpClass.CONV)
        return self.emit(
            op, op_class, [x], shape, weights=(weight, (out,)) if bias else (weight,), macs=prod(shape) * prod(weight[1:]),
            kernel=kernel, activation=activation, name=name,
        )  # fmt: skip

    def depthwise(
        self, x: str, size: Size = 3, stride: Size = 1, *, padding: Padding = SAME, dilation: Size = 1, activation: str = "",
        bias: bool = True, multiplier: int = 1, name: str = "",
    ) -> str:  # fmt: skip
        deep = self._picture(x)[1]
        return self.conv(
            x, deep * multiplier, size, stride, padding=padding, groups=deep, dilation=dilation, activation=activation, bias=bias,
            name=name,
        )  # fmt: skip

    def transposed(
        self,
        x: str,
        out: int,
        size: Size = 2,
        stride: Size = 2,
        *,
        padding: Padding = SAME,
        activation: str = "",
        name: str = "",
    ) -> str:
        """Transposed convolution: "same" makes size times stride, a number cuts off that much at each side."""
        given, window, step = self._picture(x), pair(size), pair(stride)
        cut = (0, 0) if isinstance(padding, str) else pair(padding)
        sides = [
            n * s if padding == SAME else (n - 1) * s + k - 2 * p
            for n, s, k, p in zip(given[2:], step, window, cut, strict=True)
        ]
        if min(sides) < 1:
            raise ShapeError("the padding cuts everything away")
        kernel = Kernel(window, step, (1, 1), 1, given[1], out, transposed=True)
        weight = (out, given[1], *window)
        return self.emit(
            "TRANSPOSE_CONV", OpClass.CONV, [x], (given[0], out, *sides), weights=(weight, (out,)),
            macs=prod(given) * out * prod(window), kernel=kernel, activation=activation, name=name,
        )  # fmt: skip

    def dense(self, x: str, out: int, *, activation: str = "", bias: bool = True, name: str = "") -> str:
        """Fully connected: a picture is flattened, of tokens the last axis is contracted."""
        given = self.size(x)
        if len(given) == 4:
            x, given = self.flatten(x), (given[0], prod(given[1:]))
        shape = (*given[:-1], out)
        kernel = Kernel(in_channels=given[-1], out_channels=out)
        return self.emit(
            "FULLY_CONNECTED", OpClass.DENSE, [x], shape, weights=((out, given[-1]), (out,)) if bias else ((out, given[-1]),),
            macs=prod(shape) * given[-1], kernel=kernel, activation=activation, name=name,
        )  # fmt: skip

    def matmul(self, x: str, y: str, *, transposed: bool = False, heads: int = 1, name: str = "") -> str:
        """Product of two computed tensors (1, n, k) and (1, k, m), or (1, m, k) where transposed.

        heads: k is divided into that many products side by side, as attention does (transposed), or the output is.
        """
        a, b = self.size(x), self.size(y)
        inner, out = (b[-1], b[-2]) if transposed else (b[-2], b[-1])
        if len(a) != 3 or len(b) != 3:
            raise ShapeError("a matrix product takes (batch, rows, columns)")
        wanted = inner if transposed else inner * heads
        if a[-1] != wanted:
            raise ShapeError(f"{a[-1]} columns do not meet {wanted} rows")
        if (inner if transposed else out) % heads:
            raise ShapeError(f"{inner if transposed else out} columns do not divide into {heads} heads")
        shape = (*a[:-1], out * heads if transposed else out)
        macs = prod(a[:-1]) * inner * out
        kernel = Kernel(in_channels=inner // heads if transposed else inner, out_channels=out)
        return self.emit("BATCH_MATMUL", OpClass.MATMUL, [x, y], shape, macs=macs, kernel=kernel, name=name)

    # layers that do not

    def pool(
        self, x: str, size: Size = 2, stride: Size = 2, *, padding: Padding = VALID, kind: str = "max", name: str = ""
    ) -> str:
        given = self._picture(x)
        kernel = Kernel(pair(size), pair(stride), (1, 1), given[1], given[1], given[1])
        op = "MAX_POOL_2D" if kind == "max" else "AVERAGE_POOL_2D"
        shape = (*given[:2], *self._slid(given, kernel, padding))
        return self.emit(op, OpClass.POOL, [x], shape, kernel=kernel, name=name)

    def global_pool(self, x: str, name: str = "") -> str:
        """Mean over the picture; its sides become 1."""
        given = self._picture(x)
        return self.emit("MEAN", OpClass.POOL, [x], (*given[:2], 1, 1), name=name)

    def add(self, x: str, y: str, *, activation: str = "", name: str = "") -> str:
        return self.emit("ADD", OpClass.ELEMENTWISE, [x, y], self._broadcast(x, y), activation=activation, name=name)

    def multiply(self, x: str, y: str, name: str = "") -> str:
        return self.emit("MUL", OpClass.ELEMENTWISE, [x, y], self._broadcast(x, y), name=name)

    def concat(self, xs: list[str], axis: int = 1, name: str = "") -> str:
        first = self.size(xs[0])
        if any(len(self.size(x)) != len(first) or not self._alike(self.size(x), first, axis) for x in xs):
            raise ShapeError("what is put together differs in another axis")
        total = sum(self.size(x)[axis] for x in xs)
        shape = (*first[:axis], total, *first[axis + 1 :])
        return self.emit("CONCATENATION", OpClass.RESHAPE, xs, shape, name=name)

    def slice(self, x: str, channels: int, name: str = "") -> str:
        """A part of the channels."""
        given = self.size(x)
        if not 0 < channels <= given[1]:
            raise ShapeError(f"{channels} of {given[1]} channels cannot be taken")
        return self.emit("SLICE", OpClass.RESHAPE, [x], (given[0], channels, *given[2:]), name=name)

    def activation(self, x: str, kind: str, name: str = "") -> str:
        """SiLU is written as every converter to TFLite writes it: x times its sigmoid."""
        if kind in ("silu", "swish"):
            return self.multiply(x, self.activation(x, "sigmoid"), name)
        return self.emit(ACTIVATIONS[kind], OpClass.ACTIVATION, [x], self.size(x), name=name)

    def softmax(self, x: str, name: str = "") -> str:
        return self.emit("SOFTMAX", OpClass.SOFTMAX, [x], self.size(x), name=name)

    def norm(self, x: str, name: str = "") -> str:
        """Layer normalisation over the last axis."""
        width = self.size(x)[-1]
        shapes = ((width,), (width,))
        return self.emit("LAYER_NORM", OpClass.NORMALISE, [x], self.size(x), weights=shapes, name=name)

    def scale(self, x: str, *, activation: str = "", name: str = "") -> str:
        """Each channel times a weight plus another: a normalisation that no layer can take in."""
        given = self.size(x)
        shapes = ((given[1],), (given[1],))
        return self.emit("MUL", OpClass.NORMALISE, [x], given, weights=shapes, activation=activation, name=name)

    def resize(self, x: str, scale: int, name: str = "") -> str:
        given = self._picture(x)
        shape = (*given[:2], given[2] * scale, given[3] * scale)
        return self.emit("RESIZE_NEAREST_NEIGHBOR", OpClass.RESHAPE, [x], shape, name=name)

    def shuffle(self, x: str, name: str = "") -> str:
        """Channels of groups change places: one transposition that moves everything."""
        return self.emit("TRANSPOSE", OpClass.RESHAPE, [x], self.size(x), name=name)

    def flatten(self, x: str, name: str = "") -> str:
        given = self.size(x)
        return self.emit("RESHAPE", OpClass.RESHAPE, [x], (given[0], prod(given[1:])), name=name)

    def tokens(self, x: str, name: str = "") -> str:
        """A picture as a row of its places: (1, channels, h, w) becomes (1, h w, channels)."""
        given = self._picture(x)
        return self.emit("RESHAPE", OpClass.RESHAPE, [x], (given[0], given[2] * given[3], given[1]), name=name)

    def _picture(self, x: str) -> tuple[int, ...]:
        given = self.size(x)
        if len(given) != 4:
            raise ShapeError(f"needs a picture (channels, height, width), not {len(given) - 1} axes")
        return given

    def _slid(self, given: tuple[int, ...], kernel: Kernel, padding: Padding) -> tuple[int, ...]:
        around = (padding, padding) if isinstance(padding, str | int) else padding
        windows = zip(given[2:], kernel.size, kernel.stride, kernel.dilation, around, strict=True)
        return tuple(slid(*window) for window in windows)

    def _broadcast(self, x: str, y: str) -> tuple[int, ...]:
        a, b = self.size(x), self.size(y)
        if len(a) != len(b) or any(m != n and 1 not in (m, n) for m, n in zip(a, b, strict=True)):
            raise ShapeError(f"sizes {'x'.join(map(str, a))} and {'x'.join(map(str, b))} do not go together")
        return tuple(map(max, a, b))

    def _alike(self, a: tuple[int, ...], b: tuple[int, ...], axis: int) -> bool:
        return axis < len(a) and all(m == n for place, (m, n) in enumerate(zip(a, b, strict=True)) if place != axis)
