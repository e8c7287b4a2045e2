"""Zeros that stand in a pattern: N of M along the inputs, and channels that are zero as a whole.

Only such zeros let a device skip work. They are looked for in the stored numbers, tensor by tensor, so that no more than
one mask is held at a time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench.graph import Graph, Kernel, Pattern, Tensor

Mask = NDArray[np.bool_]
GROUP = 4  # NVIDIA's sparse tensor cores and their relatives take 2 (or 1) of 4


def find_patterns(graph: Graph) -> None:
    """Fill `pattern` of every operator that says where the channels of its weights are."""
    for operator in graph.operators:
        found = [
            pattern_of(graph.tensors[name], axes, operator.kernel)
            for name, axes in operator.axes.items()
            if name in operator.weights
        ]
        known = [pattern for pattern in found if pattern is not None]
        operator.pattern = sum(known[1:], known[0]) if known else None
    for tensor in graph.tensors.values():
        tensor.zero_mask = tensor.not_finite = None


def pattern_of(tensor: Tensor, axes: tuple[int, int], kernel: Kernel | None = None) -> Pattern | None:
    """The patterns of one weight.

    Args:
        axes: places of output and input channels among the dimensions of the stored tensor.
        kernel: says in how many groups the channels are.

    Returns:
        None where its numbers are not known, or the axes are not its own.
    """
    if not all(0 <= axis < len(tensor.shape) for axis in axes) or axes[0] == axes[1] or tensor.zero_mask is None:
        return None
    groups = kernel.groups if kernel is not None else 1
    transposed = kernel is not None and kernel.transposed
    outputs, inputs = (tensor.shape[axis] for axis in axes)
    split = inputs if transposed else outputs
    if groups < 1 or split % groups:
        return None
    counts = (outputs * groups, inputs) if transposed else (outputs, inputs * groups)
    whole = Pattern(elements=tensor.elements, outputs=counts[0], inputs=counts[1])
    # Nothing is skipped where too few numbers are zero for one channel or for half of each group.
    if not tensor.zeros or not tensor.elements or tensor.zeros < tensor.elements // max(*counts):
        return whole
    mask = tensor.zero_mask()
    return whole if mask is None else _counted(np.moveaxis(mask, axes, (0, 1)), whole, groups, transposed=transposed)


def _counted(mask: Mask, whole: Pattern, groups: int, *, transposed: bool) -> Pattern:
    """mask: output channels first, then input channels; true where an element is zero."""
    empty = mask.all(axis=tuple(range(2, mask.ndim))) if mask.ndim > 2 else mask
    outputs, inputs = empty.shape
    if transposed:
        grouped = empty.reshape(outputs, groups, inputs // groups).swapaxes(0, 1)
    else:
        grouped = empty.reshape(groups, outputs // groups, inputs)
    kept = _most_kept(mask)
    return Pattern(
        elements=whole.elements,
        two_of_four=whole.elements if kept <= 2 else 0,
        one_of_four=whole.elements if kept <= 1 else 0,
        outputs=whole.outputs,
        zero_outputs=int(grouped.all(axis=2).sum()),
        inputs=whole.inputs,
        zero_inputs=int(grouped.all(axis=1).sum()),
    )


def _most_kept(mask: Mask) -> int:
    """The largest number of elements that are not zero in any four neighbours along the inputs."""
    outputs, inputs = mask.shape[:2]
    if inputs % GROUP:
        return GROUP
    fours = mask.reshape(outputs, inputs // GROUP, GROUP, *mask.shape[2:])
    return GROUP - int(fours.sum(axis=2, dtype=np.int8).min(initial=GROUP))


def turned(axes: tuple[int, int], turn: tuple[int, ...] | None) -> tuple[int, int] | None:
    """Axes of what an operator sees, as axes of what is stored: it sees dimension i as the stored one `turn[i]`."""
    if turn is None or not all(-len(turn) <= axis < len(turn) for axis in axes):
        return None
    return turn[axes[0]], turn[axes[1]]


def mask_of(read: Callable[[], Any], points: tuple[Any, ...] = (0,), axis: int = 0) -> Callable[[], Mask | None]:
    """A function that reads the numbers when it is called, and says which equal their zero point."""

    def made() -> Mask | None:
        values = read()
        if values is None:
            return None
        if len(set(points)) <= 1:
            return np.asarray(values == (points[0] if points else 0))
        if not -values.ndim <= axis < values.ndim or len(points) != values.shape[axis]:
            return None
        broad = [1] * values.ndim
        broad[axis] = len(points)
        return np.asarray(values == np.asarray(points).reshape(broad))

    return made
