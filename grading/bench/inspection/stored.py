"""What stands in a tensor that a PyTorch file stores: its type, its zeros, and what a packed object holds."""

from collections.abc import Iterator
from typing import Any

import torch

from grading.bench.errors import BenchError

QUANTISED = {"qint8": "int8", "quint8": "uint8", "qint32": "int32", "quint4x2": "uint4", "quint2x4": "uint2"}
# How torch/ao/nn/quantized/dynamic packs a recurrent layer: aten/src/ATen/native/RNN.cpp, the state of a CellParamsBase.
CELLS = {"quantized_dynamic", "quantized_fp16"}


def dtype_name(tensor: torch.Tensor) -> str:
    """The type its elements are stored in: float32, int8."""
    name = str(tensor.dtype).removeprefix("torch.")
    return "float8" if name.startswith("float8") else QUANTISED.get(name, name)


def flat_tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in a nest of lists, tuples and dictionaries, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from flat_tensors(item)
    elif isinstance(value, dict):
        yield from flat_tensors(list(value.values()))


def unpacked(packed: Any) -> list[tuple[torch.Tensor, str]]:
    """Weights (and biases) in a packed object, and the type each is kept in where the tensor does not say it.

    Raises:
        BenchError: custom_operator.
    """
    if packed._has_method("unpack"):
        found = packed.unpack()
        weight, *others = found if isinstance(found, tuple) else (found,)
        # PyTorch packs a linear layer's weights in 8 bits or, where they are no quantised tensor, in float16.
        narrow = "" if weight.is_quantized else "float16"
        return [(weight, narrow), *((tensor, "") for tensor in others if isinstance(tensor, torch.Tensor))]
    state: tuple[Any, ...] = packed.__getstate__()[0] if packed._has_method("__getstate__") else ()
    if len(state) == 5 and state[0] in CELLS:
        _, biases, _, _, matrices = state
        return [pair for matrix in matrices for pair in unpacked(matrix)] + [(bias, "") for bias in biases]
    raise BenchError("custom_operator", "This model works on an object that is no tensor. Use PyTorch's own layers.")


def packed_window(packed: Any) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Stride, dilation and groups of a packed convolution; empty and 0 for anything else."""
    if not packed._has_method("stride"):
        return (), (), 0
    return tuple(packed.stride()), tuple(packed.dilation()), int(packed.groups())


def zeros(tensor: torch.Tensor) -> int:
    """Elements that are zero, in a quantised tensor those equal to the zero point."""
    return int(_is_zero(tensor).sum())


def not_finite(tensor: torch.Tensor) -> int:
    """Elements that are NaN or infinite."""
    real = tensor.is_floating_point() or tensor.is_complex()
    return int((~torch.isfinite(tensor)).sum()) if real and not tensor.is_quantized else 0


def zero_mask(tensor: torch.Tensor) -> Any:
    """Which elements are zero, as an array of NumPy."""
    return _is_zero(tensor).detach().cpu().numpy()


def _is_zero(tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.is_quantized:
        return tensor == 0
    stored = tensor.int_repr()
    if tensor.qscheme() == torch.per_tensor_affine:
        return stored == tensor.q_zero_point()
    points = tensor.q_per_channel_zero_points().to(torch.int64)
    broad = [1] * tensor.dim()
    broad[tensor.q_per_channel_axis()] = -1
    return stored == points.reshape(broad)
