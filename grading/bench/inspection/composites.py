"""Operators that are in no table: what they do inside is what they cost.

PyTorch writes most of its operators with others. Such a one is followed down to those that a table knows; of the rest
PyTorch itself says which work element by element, reduce, or only look at a tensor in another way.
"""

import re
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from grading.bench.graph import Tensor
from grading.bench.inspection.aten import CLASS_OF
from grading.bench.inspection.call import Call, base_of
from grading.bench.inspection.products import macs

# Names of what multiplies matrices or costs as much. A name that tells nothing is believed to cost nothing, as long as
# it has no weights.
HEAVY = re.compile(
    r"conv|linear|matmul|(?:^|_)mm|mm(?:$|_)|mv$|dot|bilinear|attention|attn|lstm|gru|rnn|einsum|transformer|linalg|"
    r"cholesky|solve|inverse|svd|(?:^|_)qr|eig|fft|matrix|ormqr|orgqr|householder|det$"
)


def is_heavy(op: str) -> bool:
    """Whether an operator in no table sounds as if it multiplied matrices."""
    return HEAVY.search(base_of(op)) is not None


@cache
def is_understood(op: str) -> bool:
    """Whether a call of this operator (`aten::add`) needs no following: its MACs stand in a table, or are none."""
    overloads = _overloads(op)
    return (
        base_of(op) in CLASS_OF
        or any(map(_is_plain, overloads))
        or (bool(overloads) and not any(map(_reads_tensors, overloads)))
    )


def _overloads(op: str) -> list[Any]:
    space, _, name = op.partition("::")
    packet = getattr(getattr(torch.ops, space, None), name.partition(".")[0], None)
    return [getattr(packet, overload) for overload in packet.overloads()] if packet is not None else []


def _is_plain(overload: Any) -> bool:
    return torch.Tag.pointwise in overload.tags or torch.Tag.reduction in overload.tags or overload.is_view


def _reads_tensors(overload: Any) -> bool:
    return any("Tensor" in str(argument.type) for argument in overload._schema.arguments)


class Watch(TorchDispatchMode):  # type: ignore[misc]  # torch is not typed here
    """Adds up the MACs of the operators called while it is on. unknown: those that no table and no mark tells about."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0
        self.unknown: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        op, kwargs = func._schema.name, kwargs or {}
        if not is_understood(op) and can_follow(func):
            with self:
                return func.decompose(*args, **kwargs)
        result = func(*args, **kwargs)
        if is_understood(op):
            self.macs += macs(Call(op, _sized(arguments(func, args, kwargs)), _sized(_listed(result))))
        else:
            self.unknown.append(op)
        return result


def can_follow(overload: Any) -> bool:
    try:
        return bool(overload._can_decompose())
    except RuntimeError:  # an operator of scalars
        return False


def arguments(overload: Any, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names, and in the order, of the schema."""
    names = [argument.name for argument in overload._schema.arguments]
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return {name: given[name] for name in names if name in given}


def _listed(result: Any) -> list[Any]:
    return [tensor for tensor in (result if isinstance(result, tuple | list) else [result]) if tensor is not None]


def _sized(value: Any) -> Any:
    """The same with tensors that have a shape and nothing else."""
    if isinstance(value, torch.Tensor):
        return Tensor("", tuple(int(size) for size in value.shape), "")
    if isinstance(value, list | tuple):
        return [_sized(item) for item in value]
    return {name: _sized(item) for name, item in value.items()} if isinstance(value, dict) else value
