"""A model of PyTorch while it runs operator by operator: what was called with which tensors, as a Graph.

Both PyTorch formats are followed on an example input, so that every size is one that PyTorch itself found. What a file
says about sizes is only a claim. Runs the model's operators, hence only in the sandbox.
"""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, Operator, Tensor
from grading.bench.inspection.aten import ALIASING, Call, operator

MOST_OPERATORS = 20_000
QUANTISED = {"qint8": "int8", "quint8": "uint8", "qint32": "int32", "quint4x2": "uint4", "quint2x4": "uint2"}


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


class Recording:
    """Collects calls. A tensor that no call made and that is no input is a constant of the file."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        # Weak, so that an activation can be freed once the model has no more use for it.
        self._known: Any = WeakTensorKeyDictionary()
        self._constants: list[torch.Tensor] = []
        self._stored: dict[tuple[Any, ...], Tensor] = {}

    def input(self, tensor: torch.Tensor, name: str) -> str:
        """Register an input of the model; returns its name in the graph."""
        return self._new(tensor, name).name

    def note(self, op: str, args: dict[str, Any], result: Any) -> None:
        """One call. Calls over constants alone make constants and are no operators of the running model.

        Raises:
            BenchError: too_many_operators.
        """
        made = list(flat_tensors(result))
        if not made:
            return
        told = {name: self._told(value) for name, value in args.items()}
        call = Call(op, told, [])
        given = [tensor for _, tensor in call.tensors()]
        if given and all(tensor.constant for tensor in given):
            for tensor in made:
                self._derived(call, given[0], tensor)
            return
        if len(self.operators) >= MOST_OPERATORS:
            raise BenchError("too_many_operators", f"This model runs more than {MOST_OPERATORS:,} operators.")
        name = f"{call.base}_{len(self.operators)}"
        call.outputs = [self._new(tensor, name if len(made) == 1 else f"{name}_{i}") for i, tensor in enumerate(made)]
        self.operators.append(operator(call, name))

    def graph(self, model_format: str, inputs: list[str], result: Any, findings: list[tuple[str, str]]) -> Graph:
        """What was collected, with the tensors of `result` as outputs.

        Raises:
            BenchError: no_output where the model computes nothing.
        """
        outputs = [self._graph_tensor(tensor).name for tensor in flat_tensors(result)]
        if not outputs or not self.operators:
            raise BenchError(
                "no_output",
                "This model answers with no tensor that it computes. Export it so that it returns its scores.",
            )
        return Graph(model_format, self.tensors, self.operators, inputs, outputs, findings)

    def _told(self, value: Any) -> Any:
        """An argument with every torch tensor replaced by the graph's."""
        if isinstance(value, torch.Tensor):
            return self._graph_tensor(value)
        if isinstance(value, list | tuple):
            return [self._told(item) for item in value]
        return value

    def _graph_tensor(self, tensor: torch.Tensor) -> Tensor:
        known = self._known.get(tensor)
        if known is not None:
            return cast("Tensor", known)
        if tensor.is_quantized:
            key: tuple[Any, ...] = (id(tensor),)
        else:
            # Two names for one piece of memory are one weight.
            key = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        found = self._stored.get(key)
        if found is None or tensor.numel() == 0:
            found = self._new(tensor, f"constant_{len(self._stored)}")
            found.constant, found.zeros = True, _zeros(tensor)
            self._stored[key] = found
        self._known[tensor] = found
        self._constants.append(tensor)
        return found

    def _new(self, tensor: torch.Tensor, name: str) -> Tensor:
        made = Tensor(name, tuple(int(size) for size in tensor.shape), dtype_name(tensor))
        self.tensors[name] = made
        self._known[tensor] = made
        return made

    def _derived(self, call: Call, source: Tensor, tensor: torch.Tensor) -> None:
        """A constant made from constants. One weight however it is turned, in the bits in which the file stores it."""
        if call.base in ALIASING:
            shape = tuple(int(size) for size in tensor.shape)
            self._known[tensor] = Tensor(source.name, shape, source.dtype, constant=True, zeros=source.zeros)
            self._constants.append(tensor)
        else:
            self._known.pop(tensor, None)
            self._graph_tensor(tensor)


def _zeros(tensor: torch.Tensor) -> int:
    if not tensor.is_quantized:
        return int((tensor == 0).sum())
    stored = tensor.int_repr()
    if tensor.qscheme() == torch.per_tensor_affine:
        return int((stored == tensor.q_zero_point()).sum())
    points = tensor.q_per_channel_zero_points().to(torch.int64)
    broad = [1] * tensor.dim()
    broad[tensor.q_per_channel_axis()] = -1
    return int((stored == points.reshape(broad)).sum())
