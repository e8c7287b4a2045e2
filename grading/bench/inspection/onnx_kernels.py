"""What ONNX operators slide or contract over. Source: https://onnx.ai/onnx/operators/"""

from typing import Any

from grading.bench.graph import Kernel, OpClass, Tensor
from grading.bench.inspection.kernels import PRODUCTS, product, whole, window
from grading.bench.inspection.onnx_operators import CLASSES, WEIGHT_PLACES, attribute, class_of

CONVOLUTIONS = CLASSES[OpClass.CONV]
POOLS = {"AveragePool", "MaxPool", "LpPool", "QLinearAveragePool"}
WHOLE = {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "QLinearGlobalAveragePool"}
Shape = tuple[int, ...]


def kernel(node: Any, given: list[Tensor | None], output: Tensor, macs: int) -> Kernel | None:
    """Of one node whose MACs are counted, so its inputs are there and of the right rank.

    Args:
        given: inputs with the shapes in which this node sees them. macs: of this node.
    """
    source = given[0].shape if given and given[0] is not None else ()
    found = class_of(node.op_type)
    if node.op_type in CONVOLUTIONS:
        weight = given[3 if node.op_type == "QLinearConv" else 1]
        return _convolution(node, source, weight.shape if weight is not None else ())
    if found in PRODUCTS:
        return product(macs, output.shape)
    if found is OpClass.POOL and len(source) > 1:
        return _pool(node, source, output.shape)
    return None


def reduces(node: Any, rank: int, axes_given: Any) -> tuple[int, ...] | None:
    """Dimensions that a node adds up over; None where it adds nothing up, or does not say.

    Args:
        rank: of its input. axes_given: values of its second input, None where they are not known.
    """
    if node.op_type in POOLS | WHOLE:
        return tuple(range(2, rank))
    if node.op_type not in ("ReduceSum", "ReduceMean", "CumSum"):
        return None
    said = attribute(node, "axes", None)
    if said is None and len(node.input) > 1 and node.input[1]:
        return None if axes_given is None else tuple(int(axis) for axis in axes_given.reshape(-1))
    return tuple(said or ())


def activation(node: Any) -> str:
    """The name of an activation that ONNX Runtime has put into a layer, "" without."""
    if node.op_type not in ("FusedConv", "FusedGemm"):
        return ""
    found = attribute(node, "activation", b"")
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else ""


def _convolution(node: Any, source: Shape, weight: Shape) -> Kernel:
    groups, transposed = int(attribute(node, "group", 1)), node.op_type == "ConvTranspose"
    ones = (1,) * len(weight[2:])
    return Kernel(
        size=weight[2:],
        stride=tuple(map(int, attribute(node, "strides", ones))),
        dilation=tuple(map(int, attribute(node, "dilations", ones))),
        groups=groups,
        in_channels=source[1],
        out_channels=weight[1] * groups if transposed else weight[0],
        transposed=transposed,
    )


def _pool(node: Any, source: Shape, output: Shape) -> Kernel | None:
    if node.op_type in POOLS:
        size = tuple(map(int, attribute(node, "kernel_shape", ())))
        ones = (1,) * len(size)
        stride, dilation = (tuple(map(int, attribute(node, name, ones))) for name in ("strides", "dilations"))
        return window(size, source[1], stride, dilation)
    return window(source[2:], source[1]) if node.op_type in WHOLE else whole(source, output)


def axes(node: Any, place: int, rank: int) -> tuple[int, int] | None:
    """Places of output and input channels in the weight at this input of a node, as the node sees it."""
    if node.op_type == "ConvTranspose":
        return (1, 0) if place == 1 else None
    if node.op_type in CONVOLUTIONS:
        return (0, 1) if place in WEIGHT_PLACES[node.op_type][:1] else None
    if node.op_type in ("LSTM", "GRU", "RNN"):
        return (1, 2) if place in (1, 2) else None
    if class_of(node.op_type) not in PRODUCTS or rank < 2 or place not in _factors(node.op_type):
        return None
    first = place == _factors(node.op_type)[0]
    flipped = attribute(node, "transA" if first else "transB", 0)
    return (rank - 2, rank - 1) if first != bool(flipped) else (rank - 1, rank - 2)


def _factors(op: str) -> tuple[int, ...]:
    return (0, 3) if op in ("QGemm", "QLinearMatMul") else () if op in ("Einsum", "Attention") else (0, 1)
