"""Weights that are no numbers: what they touch is no number either, so a model with such weights answers nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, OpClass, Operator, Tensor

BRAIN_FLOAT, EXPONENT = "bfloat16", 0x7F80
MOST_NAMED = 3


def check_finite(graph: Graph) -> None:
    """Raises BenchError (weights_not_finite): which tensors hold NaN or an infinite number, and how many."""
    names = dict.fromkeys(name for operator in graph.operators for name in _numbers_of(operator))
    found = {name: count for name in names if (count := _count(graph.tensors[name]))}
    if not found:
        return
    parts = [f"{graph.tensors[name].name[:60]} ({count:,})" for name, count in list(found.items())[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more tensors" if len(found) > MOST_NAMED else ""
    said = f"Weights of this model are NaN or infinite: {', '.join(parts)}{more}."
    raise BenchError(
        "weights_not_finite", f"{said} The training went wrong, or a division by 0; train and export again."
    )


def _numbers_of(operator: Operator) -> list[str]:
    """Weights, and what a normalisation keeps beside them: running means and variances are learned as well."""
    kept = operator.inputs if operator.op_class is OpClass.NORMALISE else []
    return [*operator.weights, *kept]


def count_not_finite(values: NDArray[Any] | None, dtype: str) -> int:
    """Elements that are NaN or infinite; 0 for whole numbers. values: bfloat16 as bits without their sign."""
    if values is None:
        return 0
    if dtype == BRAIN_FLOAT:
        return int(np.count_nonzero((values.view(np.uint16) & EXPONENT) == EXPONENT)) if values.itemsize == 2 else 0
    if not np.issubdtype(values.dtype, np.inexact):
        return 0
    with np.errstate(all="ignore"):
        # One pass without an array of truth values, where all is well; a sum may also be infinite by itself.
        if np.isfinite(
            np.add.reduce(values, axis=None, dtype=np.complex128 if np.iscomplexobj(values) else np.float64)
        ):
            return 0
    return int(values.size - np.count_nonzero(np.isfinite(values)))


def _count(tensor: Tensor) -> int:
    return tensor.not_finite() if tensor.not_finite is not None else 0
