"""The small graph between the formats and everything that reads them. A format is one adapter that builds this."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from math import prod
from typing import Any

from grading.bench.errors import BenchError


class OpClass(StrEnum):
    CONV = "conv"
    DEPTHWISE = "depthwise"
    DENSE = "dense"
    MATMUL = "matmul"
    POOL = "pool"
    ELEMENTWISE = "elementwise"
    ACTIVATION = "activation"
    NORMALISE = "normalise"
    SOFTMAX = "softmax"
    RESHAPE = "reshape"
    QUANTISE = "quantise"
    OTHER = "other"


WIDTHS = {
    128: ("complex128",),
    64: ("float64", "int64", "uint64", "complex64"),
    32: ("float32", "int32", "uint32", "complex32"),
    16: ("float16", "bfloat16", "int16", "uint16"),
    8: ("int8", "uint8", "bool", "float8"),
    6: ("float6",),
    4: ("int4", "uint4", "float4"),
    2: ("int2", "uint2"),
}
BITS = {dtype: bits for bits, dtypes in WIDTHS.items() for dtype in dtypes}


def bits_of(dtype: str) -> int:
    """Bits of one stored element. Raises BenchError (unknown_type): a guess would count wrongly and say nothing."""
    if dtype not in BITS:
        said = f"This model holds elements of the type {dtype[:40]}, whose size is not known here."
        raise BenchError("unknown_type", f"{said} Export it with numbers of a common type.")
    return BITS[dtype]


@dataclass
class Tensor:
    """shape: all dimensions known, a free batch is 1. zeros: elements that are zero, quantised: equal to the zero point.

    mask: a constant with at most one value beside zeros. zero_mask: reads the stored numbers once more and says which of
    them are zero, as an array of truth values in this shape; not_finite counts NaN and infinite ones. Both are gone once
    the graph is done.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: bool = False
    zeros: int | None = None
    mask: bool = False
    zero_mask: Callable[[], Any] | None = field(default=None, compare=False, repr=False)
    not_finite: Callable[[], int] | None = field(default=None, compare=False, repr=False)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Whole bytes: four-bit elements are packed two in one."""
        return (self.elements * bits_of(self.dtype) + 7) // 8


@dataclass(frozen=True)
class Kernel:
    """What an operator slides or contracts over; the cost of a device depends on it, not on the MACs alone.

    size, stride, dilation: spatial, outermost first, in elements; empty where nothing slides (fully connected, matmul).
    in_channels: of the whole input, so a group reads in_channels / groups. For a fully connected layer or a matrix product
    in_channels is the length that is contracted, out_channels the length that comes out.
    """

    size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    in_channels: int = 0
    out_channels: int = 0
    transposed: bool = False


@dataclass(frozen=True)
class Pattern:
    """Zeros of weights that stand in a pattern which a device can use. Patterns of several weights add up.

    elements: of the weights looked at. two_of_four, one_of_four: of those in tensors where any four neighbours along the
    input channels hold at most two, or one, that are not zero. outputs, inputs: channels; zero_outputs, zero_inputs: those
    whose weights are all zero.
    """

    elements: int = 0
    two_of_four: int = 0
    one_of_four: int = 0
    outputs: int = 0
    zero_outputs: int = 0
    inputs: int = 0
    zero_inputs: int = 0

    def __add__(self, other: "Pattern") -> "Pattern":
        return Pattern(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


@dataclass
class Operator:
    """One step in stored order. weights: names of its weight and bias constants (no shapes, axes, scales).

    kernel: of convolutions, pools, fully connected layers and matrix products; None for all others.
    activation: the format's name of an activation fused into it, "" without.
    axes: weight -> places of output and input channels among its stored dimensions. pattern: what is zero in them.
    reduces: dimensions that a sum or mean adds up over, () for all; None for any other operator, or where unknown.
    tables: constants that it adds, multiplies or puts beside a tensor; inspection/learned.py tells which are weights.
    """

    name: str
    op: str
    op_class: OpClass
    inputs: list[str]
    outputs: list[str]
    macs: int = 0
    weights: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    kernel: Kernel | None = None
    activation: str = ""
    axes: dict[str, tuple[int, int]] = field(default_factory=dict)
    pattern: Pattern | None = None
    reduces: tuple[int, ...] | None = None


@dataclass
class Graph:
    """Tensors by name, operators in execution order, names of inputs and outputs.

    states: tensors that keep their values from one run to the next, so they live all the time.
    absent_weights: why the model cannot run because its file lacks the weights, "" where it has them. absent_files: the
    names of the files, beside the model's own, in which they would lie.
    """

    format: str
    tensors: dict[str, Tensor]
    operators: list[Operator]
    inputs: list[str]
    outputs: list[str]
    findings: list[tuple[str, str]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    absent_weights: str = ""
    absent_files: tuple[str, ...] = ()

    def live_bytes(self) -> list[int]:
        """For each operator the bytes of all live non-constant tensors, its inputs and outputs included.

        A tensor lives from the operator that makes it (a graph input: from the first) to the last that reads it (a
        graph output: to the last operator). No in-place reuse, no scratch.
        """
        last = len(self.operators) - 1
        born = dict.fromkeys(self.inputs, 0)
        dies = dict.fromkeys(self.inputs, 0)
        for index, operator in enumerate(self.operators):
            for name in operator.outputs:
                born.setdefault(name, index)
                dies[name] = max(dies.get(name, index), index)
            for name in operator.inputs:
                if name in born:
                    dies[name] = index
        dies |= {name: last for name in self.outputs if name in born}
        born |= dict.fromkeys(self.states, 0)
        dies |= dict.fromkeys(self.states, last)
        change = [0] * (len(self.operators) + 1)
        for name, start in born.items():
            tensor = self.tensors.get(name)
            if tensor is not None and not tensor.constant:
                change[start] += tensor.bytes
                change[dies[name] + 1] -= tensor.bytes
        live, total = [], 0
        for step in change[:-1]:
            total += step
            live.append(total)
        return live
