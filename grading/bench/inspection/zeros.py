"""How many elements of a stored constant are zero: for a quantised one, equal to its zero point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench.graph import Tensor

PLAIN = {
    "float16",
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "bool",
}


def count_zeros(data: NDArray[np.uint8], tensor: Tensor, points: Sequence[int] = (0,), axis: int = 0) -> int | None:
    """Zeros among the elements of `tensor`, whose bytes are `data`.

    Args:
        data: little-endian, packed, in order of the tensor's shape.
        points: the zero point, or one for each place along `axis`.

    Returns:
        None where the bytes are not those of the tensor (shared storage, unknown type).
    """
    values = numbers_of(data, tensor)
    return None if values is None else count_equal(values, points, axis)


def numbers_of(data: NDArray[np.uint8], tensor: Tensor) -> NDArray[Any] | None:
    """The elements in the tensor's shape; of types that NumPy lacks only whether they are zero can be told by them."""
    values = _values(data, tensor)
    if values is None or len(values) < tensor.elements:
        return None
    return values[: tensor.elements].reshape(tensor.shape)


def count_equal(values: NDArray[Any], points: Sequence[int], axis: int = 0) -> int | None:
    """Elements equal to the zero point, or to the one of their place along `axis`. None where those do not fit."""
    if len(set(points)) <= 1:
        return int(np.count_nonzero(values == (points[0] if len(points) else 0)))
    if not -values.ndim <= axis < values.ndim or len(points) != values.shape[axis]:
        return None
    broad = [1] * values.ndim
    broad[axis] = len(points)
    return int(np.count_nonzero(values == np.asarray(points).reshape(broad)))


def _values(data: NDArray[np.uint8], tensor: Tensor) -> NDArray[Any] | None:
    """The elements as numbers, flat; bfloat16 and the 8-bit floats as bits with their sign taken off."""
    if tensor.dtype in {"int4", "uint4"}:
        pairs = np.empty(2 * len(data), np.int16)
        pairs[0::2], pairs[1::2] = data & 0xF, data >> 4
        return np.where(pairs > 7, pairs - 16, pairs) if tensor.dtype == "int4" else pairs
    if tensor.dtype in {"int2", "uint2"}:
        quads = np.stack([(data >> shift) & 3 for shift in (0, 2, 4, 6)], axis=1).reshape(-1).astype(np.int16)
        return np.where(quads > 1, quads - 4, quads) if tensor.dtype == "int2" else quads
    if tensor.dtype == "float8":
        return data & 0x7F
    if tensor.dtype == "bfloat16":
        return data[: len(data) // 2 * 2].view("<u2") & 0x7FFF
    if tensor.dtype not in PLAIN:
        return None
    kind = np.dtype(tensor.dtype).newbyteorder("<")
    return data[: len(data) // kind.itemsize * kind.itemsize].view(kind)
