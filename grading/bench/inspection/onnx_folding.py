"""Values of small ONNX constants: what exporters compute from sizes before they slice, split, pad or reshape.

Only the operators of such chains are here, each for small arrays of numbers, so that a file cannot ask for more work or
memory than its nodes are worth. What is not computed here is simply not known. Source: https://onnx.ai/onnx/operators/
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from grading.bench.inspection.onnx_operators import attribute

MOST_NUMBERS = 4096
Array = NDArray[Any]
Shape = tuple[int, ...]
Compute = Callable[[Any, list[Any], list[Shape | None]], Any]
# What NumPy raises about numbers that do not fit each other.
UNFIT = (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError, ArithmeticError)


def fold(node: Any, given: Sequence[Array | None], shapes: list[Shape | None]) -> list[Array] | None:
    """The outputs of a node of constants, or None where they are not computed here.

    Args:
        given: values of its inputs in order; None where the node leaves one out.
        shapes: of its outputs, None where unknown. Nothing larger than MOST_NUMBERS is made.
    """
    compute = OPERATORS.get(node.op_type)
    unbounded = any(shape is None or prod(shape) > MOST_NUMBERS for shape in shapes)
    if compute is None or (unbounded and node.op_type != "NonZero"):
        return None
    try:
        with np.errstate(all="ignore"):
            made = compute(node, list(given), shapes)
    except UNFIT:
        return None
    outputs = [np.asarray(value) for value in (made if isinstance(made, list) else [made])]
    fitting = len(outputs) == len(shapes) and all(
        shape is None or value.shape == shape for value, shape in zip(outputs, shapes, strict=True)
    )
    return outputs if fitting and all(value.size <= MOST_NUMBERS for value in outputs) else None


def size_of(node: Any, shape: Shape) -> Array | None:
    """What Shape or Size gives for an input of this shape; None for any other node."""
    if node.op_type == "Size":
        return np.array(prod(shape), np.int64)
    if node.op_type != "Shape":
        return None
    return np.array(shape[attribute(node, "start", 0) : attribute(node, "end", len(shape))], np.int64)


def _integers(node: Any, given: list[Any], name: str, place: int) -> list[int] | None:
    """A list that old versions of an operator have as an attribute and newer ones as an input."""
    value = given[place] if place < len(given) else attribute(node, name, None)
    return None if value is None else [int(number) for number in np.asarray(value).reshape(-1)]


def _slice(node: Any, given: list[Any], _: Any) -> Any:
    starts, ends = _integers(node, given, "starts", 1) or [], _integers(node, given, "ends", 2) or []
    axes, steps = _integers(node, given, "axes", 3), _integers(node, given, "steps", 4)
    cuts: dict[int, slice] = {}
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = axes[place] if axes is not None else place
        cuts[axis % given[0].ndim] = slice(start, end, steps[place] if steps is not None else 1)
    return given[0][tuple(cuts.get(axis, slice(None)) for axis in range(given[0].ndim))]


def _split(node: Any, given: list[Any], shapes: list[Shape | None]) -> Any:
    axis = attribute(node, "axis", 0)
    ends = np.cumsum([shape[axis] for shape in shapes if shape is not None])
    return list(np.split(given[0], ends[:-1], axis))


def _cast(node: Any, given: list[Any], _: Any) -> Any:
    return given[0].astype(helper.tensor_dtype_to_np_dtype(attribute(node, "to", 0)))


def _filled(node: Any, _: Any, shapes: list[Shape | None]) -> Any:
    value = attribute(node, "value", None)
    return np.full(shapes[0] or (), numpy_helper.to_array(value).reshape(-1)[0] if value is not None else np.float32(0))


def _divide(_: Any, given: list[Any], __: Any) -> Any:
    one, other = given
    if np.issubdtype(one.dtype, np.integer):  # towards zero, as the runtimes do
        return (np.sign(one) * np.sign(other) * (np.abs(one) // np.abs(other))).astype(one.dtype)
    return one / other


def _modulo(node: Any, given: list[Any], _: Any) -> Any:
    return np.fmod(*given) if attribute(node, "fmod", 0) else np.mod(*given)


def _clipped(node: Any, given: list[Any], _: Any) -> Any:
    """Bounds are inputs, of which each may be left out; in old versions they are attributes."""
    low, high = (
        given[place] if place < len(given) else attribute(node, name, None) for place, name in ((1, "min"), (2, "max"))
    )
    return given[0] if low is None and high is None else np.clip(given[0], low, high).astype(given[0].dtype)


def _scattered(_: Any, given: list[Any], __: Any) -> Any:
    made = given[0].copy()
    made[tuple(np.moveaxis(given[1], -1, 0))] = given[2]
    return made


def _reducing(function: Callable[..., Any]) -> Compute:
    def compute(node: Any, given: list[Any], _: Any) -> Any:
        axes = _integers(node, given, "axes", 1)
        if not axes and attribute(node, "noop_with_empty_axes", 0):
            return given[0]
        kept = bool(attribute(node, "keepdims", 1))
        return function(given[0], axis=tuple(axes) if axes else None, keepdims=kept).astype(given[0].dtype)

    return compute


def _plain(function: Callable[..., Any]) -> Compute:
    return lambda _, given, __: function(*given)


def _folding(function: Callable[..., Any]) -> Compute:
    return lambda _, given, __: reduce(function, given)


def _reshaped(_: Any, given: list[Any], shapes: list[Shape | None]) -> Any:
    return given[0].reshape(shapes[0])


def _quantised(_: Any, given: list[Any], __: Any) -> Any:
    """A quantiser treats sizes that an export computes as floats like any other tensor; rounds half to even."""
    point = given[2] if len(given) > 2 and given[2] is not None else np.uint8(0)
    least, most = np.iinfo(point.dtype).min, np.iinfo(point.dtype).max
    steps = np.rint(given[0] / given[1].item()) + point.item()
    return np.clip(steps, least, most).astype(point.dtype)


def _dequantised(_: Any, given: list[Any], __: Any) -> Any:
    point = given[2].item() if len(given) > 2 and given[2] is not None else 0
    return ((given[0].astype(np.float64) - point) * given[1].item()).astype(given[1].dtype)


Function = Callable[..., Any]
REPEATED: dict[str, Function] = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}
REDUCING: dict[str, Function] = {"ReduceProd": np.prod, "ReduceSum": np.sum, "ReduceMax": np.max, "ReduceMin": np.min}
PLAIN: dict[str, Function] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Neg": np.negative, "Abs": np.abs, "Sign": np.sign,
    "Floor": np.floor, "Ceil": np.ceil, "Round": np.round, "Sqrt": np.sqrt, "Equal": np.equal, "Not": np.logical_not,
    "Greater": np.greater, "GreaterOrEqual": np.greater_equal, "Less": np.less, "LessOrEqual": np.less_equal,
    "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor, "Where": np.where,
}  # fmt: skip
OPERATORS: dict[str, Compute] = {
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Flatten"), _reshaped),
    "Identity": lambda _, given, __: given[0],
    "Cast": _cast,
    "Clip": _clipped,
    "QuantizeLinear": _quantised,
    "DequantizeLinear": _dequantised,
    "Relu": lambda _, given, __: np.maximum(given[0], 0),
    "ConstantOfShape": _filled,
    "Expand": lambda _, given, shapes: np.broadcast_to(given[0], shapes[0] or ()),
    "Tile": lambda _, given, __: np.tile(given[0], given[1]),
    "Range": lambda _, given, __: np.arange(*(value.item() for value in given), dtype=given[0].dtype),
    "Concat": lambda node, given, __: np.concatenate(given, attribute(node, "axis", 1)),
    "Gather": lambda node, given, __: np.take(given[0], given[1], attribute(node, "axis", 0)),
    "Transpose": lambda node, given, __: np.transpose(given[0], attribute(node, "perm", None)),
    "Slice": _slice,
    "Split": _split,
    "ScatterND": _scattered,
    "NonZero": lambda _, given, __: np.stack(np.nonzero(given[0])).astype(np.int64),
    "Div": _divide,
    "Mod": _modulo,
    "Pow": lambda _, given, __: np.power(*given).astype(given[0].dtype),
    **{op: _folding(function) for op, function in REPEATED.items()},
    **{op: _plain(function) for op, function in PLAIN.items()},
    **{op: _reducing(function) for op, function in REDUCING.items()},
}
