"""What the backward pass of each operator has to read again, so what the forward pass must keep.

Two rules stand side by side. `needed`: what the derivative needs, of a ReLU one bit for each element, of a layer whose weights do
not train nothing (H. Cai et al., TinyTL, 2020). `pytorch`: what autograd of PyTorch keeps, which is more: the input of a
convolution or a normalisation with frozen weights too (S. Bhatia, F. Dangel, 2024), of a ReLU its output, of a pool 64-bit
indices. PyTorch's rule is compared with PyTorch in tests/grading/bench/training/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from grading.bench.cost.fusion import plain
from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport
from grading.bench.training.parameters import Adapter, is_layer, is_recurrent

# Names as cost/fusion.py spells them: without case, marks and namespaces.
OUTPUT = {"sigmoid", "logistic", "tanh", "exp", "sqrt", "rsqrt", "reciprocal", "hardmax", "qlinearsigmoid"}
# Their slope is one of two numbers, so a bit tells which.
TWO_SLOPES = {
    "relu", "relu6", "relun1to1", "relu0to1", "clip", "clamp", "hardtanh", "clampmin", "clampmax", "leakyrelu", "prelu",
    "prelukernel", "threshold", "thresholdedrelu", "hardsigmoid", "abs", "shrink", "qlinearleakyrelu",
}  # fmt: skip
LINEAR = {
    "add", "addv2", "sub", "rsub", "sum", "addn", "neg", "copy", "fill", "biasadd", "qlinearadd", "addscalar", "mulscalar",
    "floor", "ceil", "round", "sign", "eq", "ne", "lt", "le", "gt", "ge", "logicaland", "logicalor", "logicalnot",
    "cumsum", "real", "imag", "mean", "isin",
}  # fmt: skip
PRODUCTS = {"mul", "multiply", "div", "floordivide", "qlinearmul", "atan2", "squareddifference", "complex"}
CHOICES = {"maximum", "minimum", "max", "min", "where", "select", "selectv2", "maskedfill", "maskedscatter"}
OF_INPUT = {
    "pow",
    "square",
    "log",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "lerp",
    "mod",
    "remainder",
}
FROZEN_STATISTICS = ("batchnorm", "nativebatchnorm", "fusedbatchnorm")
ROWS = {"layernorm", "nativelayernorm", "layernormalization"}  # these keep mean and deviation of each row
MEANS = ("mean", "reducemean", "sum", "reducesum", "globalaveragepool", "qlinearglobalaveragepool", "cumsum")
LARGEST = ("maxpool", "globalmaxpool", "adaptivemaxpool", "fractionalmaxpool", "amax", "amin", "reducemax", "reducemin")
PYTORCH_INDEX_BYTES = 8


class Rule(StrEnum):
    NEEDED = "needed"
    PYTORCH = "pytorch"


@dataclass(frozen=True)
class Kept:
    """For one operator and one input. inputs: sources whose tensor is read again; output: its own is.

    bits: of a mask of its own, where its output is not kept anyway. extra: bytes besides tensors of the graph (indices).
    elements: numbers besides (what lies between the factors of an adapter, gates of a recurrent layer).
    assumed: the operator is in no table, so all that it reads and makes is kept.
    """

    inputs: frozenset[int] = frozenset()
    output: bool = False
    bits: int = 0
    extra: int = 0
    elements: int = 0
    assumed: bool = False


@dataclass(frozen=True)
class Asked:
    """One operator in the backward pass. trains: its own factors change. on_path: sources that get a gradient."""

    operator: OperatorReport
    trains: bool
    on_path: frozenset[int]
    rule: Rule
    adapter: Adapter | None = None

    @property
    def sources(self) -> frozenset[int]:
        return frozenset(self.operator.sources)

    @property
    def needed(self) -> bool:
        return self.rule is Rule.NEEDED


def kept_by(asked: Asked) -> Kept:
    """What this operator's backward pass reads again. Asked only of operators whose output gets a gradient."""
    operator = asked.operator
    if is_recurrent(operator):
        # Gates and cell state of every step of time: four and one for an LSTM, three and one for a GRU.
        gates = 5 if "lstm" in operator.op.lower() else 4
        return Kept(asked.sources, output=True, elements=gates * operator.output_elements, assumed=True)
    if is_layer(operator):
        return _layer(asked)
    return RULES.get(operator.op_class, _unknown)(asked)


def _layer(asked: Asked) -> Kept:
    """dW needs the input, dx the weights, db neither. An activation that is fused is told from the output."""
    operator = asked.operator
    # One derivative of PyTorch serves input, weight and bias of a convolution, and saves for all three.
    as_pytorch = not asked.needed and operator.op_class in (OpClass.CONV, OpClass.DEPTHWISE)
    reads = asked.trains or asked.adapter is not None or as_pytorch
    fused = bool(operator.activation) and operator.activation.upper() not in ("NONE", "0")
    return Kept(
        inputs=asked.sources if reads else frozenset(),
        output=fused and not asked.needed,
        bits=operator.output_elements if fused and asked.needed else 0,
        elements=asked.adapter.hidden if asked.adapter else 0,
    )


def _activation(asked: Asked) -> Kept:
    operator, name = asked.operator, plain(asked.operator.op)
    if name in OUTPUT or (name == "relu" and not asked.needed):
        return Kept(output=True)
    if name in TWO_SLOPES and asked.needed and not asked.trains:
        return Kept(bits=operator.output_elements)
    return Kept(asked.sources)


def _elementwise(asked: Asked) -> Kept:
    operator, name = asked.operator, plain(asked.operator.op)
    if name in PRODUCTS:
        # Of each factor the derivative is the other one; a single one meets stored numbers.
        factors = asked.sources if len(asked.sources) > 1 else frozenset()
        read = {one for one in factors if asked.on_path - {one}}
        return Kept(frozenset(read) | (asked.sources if asked.trains else frozenset()))
    if name in LINEAR:
        return Kept()
    if name in CHOICES:
        return Kept(bits=operator.output_elements) if asked.needed else Kept(asked.sources)
    if name in OUTPUT:
        return Kept(output=True)
    if name in TWO_SLOPES and asked.needed:
        return Kept(bits=operator.output_elements)
    return Kept(asked.sources) if name in OF_INPUT or name in TWO_SLOPES else _unknown(asked)


def _normalise(asked: Asked) -> Kept:
    """With running statistics it is a scale and a shift; all others hang on the mean of what they read."""
    operator, name = asked.operator, plain(asked.operator.op)
    if name.startswith(FROZEN_STATISTICS) and asked.needed:
        return Kept(asked.sources if asked.trains else frozenset())
    rows = (
        operator.output_elements // max(1, operator.output_shape[-1]) if name in ROWS and operator.output_shape else 0
    )
    return Kept(asked.sources, elements=2 * rows)


def _pool(asked: Asked) -> Kept:
    operator, name = asked.operator, plain(asked.operator.op)
    if name.startswith(LARGEST) or name == "max":
        window = prod(operator.kernel.size) if operator.kernel else operator.input_elements
        if asked.needed:
            return Kept(extra=operator.output_elements * (1 if window <= 1 << 8 else 2 if window <= 1 << 16 else 4))
        return Kept(asked.sources, extra=PYTORCH_INDEX_BYTES * operator.output_elements)
    if name in MEANS:
        return Kept()
    if "avg" in name or "average" in name:
        # To one place PyTorch takes a mean, of which it keeps nothing.
        as_mean = name.startswith("adaptive") and prod(operator.output_shape[2:]) == 1
        return Kept() if asked.needed or as_mean else Kept(asked.sources)
    return _unknown(asked)


def _softmax(asked: Asked) -> Kept:
    return Kept(output=True)


def _matmul(asked: Asked) -> Kept:
    """Of two computed matrices each one's derivative needs the other. Attention in one operator keeps what it reads and makes."""
    if len(asked.sources) > 2:
        return Kept(asked.sources, output=True)
    return Kept(frozenset(one for one in asked.sources if asked.on_path - {one} or len(asked.sources) == 1))


def _nothing(asked: Asked) -> Kept:
    return Kept()


def _unknown(asked: Asked) -> Kept:
    return Kept(asked.sources, output=True, assumed=True)


RULES: dict[str, Callable[[Asked], Kept]] = {
    OpClass.ACTIVATION: _activation, OpClass.ELEMENTWISE: _elementwise, OpClass.NORMALISE: _normalise, OpClass.POOL: _pool,
    OpClass.SOFTMAX: _softmax, OpClass.MATMUL: _matmul, OpClass.RESHAPE: _nothing, OpClass.QUANTISE: _nothing,
}  # fmt: skip
