"""What PyTorch's operators slide or contract over. Schemas: see products.py."""

import re
from typing import Any

from grading.bench.graph import Kernel, OpClass
from grading.bench.inspection.call import Call, Constant, Packed
from grading.bench.inspection.kernels import PRODUCTS, adaptive, product, whole, window
from grading.bench.inspection.patterns import turned
from grading.bench.inspection.products import COUNTED, is_transposed

FUSED = re.compile(r"(?:conv|linear|add|mul|cat|batch_norm).*?_((?:leaky_)?relu|tanh)(?:$|_)")
ADDING = ("addmm", "_addmm", "baddbmm", "addbmm", "addmv")  # products whose first argument is added
SLIDING = re.compile(r"(?:max|avg)_pool(\d)d")


def kernel(call: Call, op_class: OpClass, macs: int) -> Kernel | None:
    """Of one call; `op_class` is that of its name."""
    if op_class is OpClass.CONV:
        return _convolution_of_time(call) if call.base == "conv_tbc" else _convolution(call)
    if op_class in PRODUCTS and call.outputs:
        return product(macs, call.outputs[0].shape)
    if op_class is OpClass.POOL and call.outputs:
        return _pool(call)
    return None


def activation(call: Call) -> str:
    """The activation that is part of the operator's name, "" without."""
    found = FUSED.search(call.base) if "::" in call.op else None
    if call.base == "_addmm_activation":
        return "gelu" if call.args.get("use_gelu") is True else "relu"
    return found.group(1) if found else ""


def reduces(call: Call) -> tuple[int, ...] | None:
    """Dimensions that a call adds up over; None where it adds nothing up."""
    found = SLIDING.search(call.base)
    if found is not None:
        return tuple(range(-int(found.group(1)), 0))
    if call.base not in {"sum", "mean", "nansum", "nanmean", "cumsum"}:
        return None
    said = call.args.get("dim")
    return (said,) if isinstance(said, int) else tuple(said) if isinstance(said, list | tuple) else ()


def groups_of(call: Call) -> int:
    """Groups of a convolution; where they are packed with the weights they follow from the channels."""
    groups = call.args.get("groups")
    if isinstance(groups, int):
        return groups
    packed = _packed(call)
    if packed is not None and packed.groups:
        return packed.groups
    source, weight = call.shape(0), call.weight_shape()
    return source[1] // max(weight[1], 1) if len(source) > 1 and not is_transposed(call) else 1


def _packed(call: Call) -> Packed | None:
    return next((value for value in call.args.values() if isinstance(value, Packed)), None)


def _convolution(call: Call) -> Kernel:
    weight, groups, transposed = call.weight_shape(), groups_of(call), is_transposed(call)
    rank = 1 if "1d" in call.base else len(weight) - 2
    packed = _packed(call)
    stride = call.args.get("stride", packed.stride if packed else None)
    dilation = call.args.get("dilation", packed.dilation if packed else None)
    return Kernel(
        size=weight[-rank:],
        stride=_each(stride, rank),
        dilation=_each(dilation, rank),
        groups=groups,
        in_channels=weight[0] if transposed else weight[1] * groups,
        out_channels=weight[1] * groups if transposed else weight[0],
        transposed=transposed,
    )


def _convolution_of_time(call: Call) -> Kernel:
    """conv_tbc: weights are (width, channels in, channels out)."""
    width, channels, made = call.shape(1)
    return Kernel((width,), (1,), (1,), 1, channels, made)


def _pool(call: Call) -> Kernel | None:
    source, output = call.shape(0), call.outputs[0].shape
    found = SLIDING.search(call.base)
    if found is None:
        return whole(source, output)
    rank = int(found.group(1))
    picture, channels = source[-rank:], source[-rank - 1] if len(source) > rank else 1
    if "adaptive" in call.base:
        return adaptive(picture, output[-rank:], channels)
    if "kernel_size" not in call.args:
        return None
    size = _each(call.args["kernel_size"], rank)
    stride = call.args.get("stride") or size
    return window(size, channels, _each(stride, rank), _each(call.args.get("dilation"), rank))


def _each(value: Any, rank: int) -> tuple[int, ...]:
    """One number for each direction; PyTorch takes a single one for all, and no stride or dilation is 1.

    A one-dimensional quantised convolution is packed with two: the last one is meant.
    """
    if isinstance(value, int):
        return (value,) * rank
    numbers = tuple(int(number) for number in value) if isinstance(value, list | tuple) else ()
    return numbers[-rank:] if len(numbers) >= rank else (numbers or (1,))[:1] * rank


def axes(call: Call) -> dict[str, tuple[int, int]]:
    """Weight -> places of output and input channels among its stored dimensions."""
    known, found = COUNTED.get(call.base), {}
    if known is None or known[0] not in {*PRODUCTS, OpClass.CONV} or "einsum" in call.base or call.base == "bilinear":
        return {}
    for place, value in enumerate(call.args.values()):
        for weight in value if isinstance(value, list) else [value]:
            if not isinstance(weight, Constant) or len(weight.shape) < 2 or len(weight.stored) != 1:
                continue
            seen = _axes_at(call, known[0], place, weight, value)
            stored = turned(seen, weight.turn if weight.sources else tuple(range(len(weight.shape))))
            if stored is not None:
                found[weight.stored[0].name] = stored
    return found


def _axes_at(call: Call, op_class: OpClass, place: int, tensor: Constant, value: Any) -> tuple[int, int]:
    rank = len(tensor.shape)
    if call.base == "conv_tbc":
        return rank - 1, rank - 2
    if op_class is OpClass.CONV:
        return (1, 0) if is_transposed(call) else (0, 1)
    if isinstance(value, list) or "linear" in call.base or "cell" in call.base or "rnn" in call.base:
        return 0, 1  # rows are what comes out
    factor = place - (1 if call.base.startswith(ADDING) else 0)
    return (rank - 2, rank - 1) if factor == 0 else (rank - 1, rank - 2)
