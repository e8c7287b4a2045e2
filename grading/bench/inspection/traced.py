"""A model of PyTorch while it runs operator by operator: what was called with which tensors, as a Graph.

Both PyTorch formats are followed on an example input, so that every size is one that PyTorch itself found. What a file
says about sizes is only a claim. Runs the model's operators, hence only in the sandbox.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, Operator, Tensor
from grading.bench.inspection.aten import DESCRIBING, Weights, operator, sources_of, turn_of
from grading.bench.inspection.call import Call, Constant, Kind, Packed, base_of
from grading.bench.inspection.composites import Watch, arguments, can_follow, is_heavy, is_understood
from grading.bench.inspection.disguised import count_disguised
from grading.bench.inspection.fused import FUSED
from grading.bench.inspection.stored import (
    dtype_name,
    flat_tensors,
    not_finite,
    packed_window,
    unpacked,
    zero_mask,
    zeros,
)

MOST_OPERATORS = 20_000
# In use (and not in training) these give back what they are given.
DROPOUTS = {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"}


class Recording:
    """Collects calls. A tensor that no call made and that is no input is a constant of the file."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        self.findings: list[tuple[str, str]] = []
        # Weak, so that an activation can be freed once the model has no more use for it.
        self._known: Any = WeakTensorKeyDictionary()
        self._held: list[Any] = []  # what must not be freed, since its address is its name
        self._stored: dict[tuple[Any, ...], Constant] = {}
        self._packed: dict[int, Packed] = {}
        self._weights = Weights()
        self._unknown = Kind.UNTOLD

    def input(self, tensor: torch.Tensor, name: str) -> str:
        """Register an input of the model; returns its name in the graph."""
        return self._new(tensor, name).name

    def store(self, learned: list[torch.Tensor], kept: list[torch.Tensor]) -> None:
        """What the file says of its constants. One that calls nothing learned (a frozen one) does not tell at all."""
        for tensors, kind in ((learned, Kind.LEARNED), (kept, Kind.KEPT)):
            for tensor in tensors:
                self._constant(tensor, kind)
        self._unknown = Kind.KEPT if learned else Kind.UNTOLD

    def has_lost(self, values: Iterable[Any]) -> bool:
        """Whether one of these, all of which depend on the input, looks from here as though it did not.

        A number that was read from a tensor does, and so does a view of memory that was written to afterwards.
        """
        return any(value is not None and not any(map(self._moves, flat_tensors(value))) for value in values)

    def is_constant(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor was made of constants alone, as far as is seen here."""
        return not self._moves(tensor)

    def run(self, op: str, args: dict[str, Any], call: Callable[[], Any], *, lost: bool = False) -> Any:
        """Make one call, and note it.

        Calls over constants alone make constants and are no operators of the running model. A fused layer is taken
        apart into the operators that it stands for.

        Args:
            op: with its name space, `aten::add`. args: by schema name, in the order of the schema.
            lost: something among the arguments depends on the input and does not look so (see has_lost), so what comes
                out is no constant either.

        Raises:
            BenchError: too_many_operators; operator_not_counted where weights go into an operator of unknown cost.
        """
        fused = FUSED.get(op.partition(".")[0])
        if fused is not None:
            with _Noting(self, lost=lost):
                return fused(**args)
        if is_understood(op):
            result, watch = call(), None
        else:
            with Watch() as watch:
                result = call()
        self._note(op, args, result, watch, lost=lost)
        return result

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
        found = [*findings, *self.findings]
        graph = Graph(model_format, self.tensors, self.operators, inputs, outputs, found)
        count_disguised(graph)
        return graph

    def _note(self, op: str, args: dict[str, Any], result: Any, watch: Watch | None, *, lost: bool) -> None:
        made = list(flat_tensors(result))
        if not made:
            return
        same = _handed_on(op, args, made)
        if same is not None:
            self._known[made[0]] = self._graph_tensor(same)
            return
        call = Call(op, {name: self._told(value) for name, value in args.items()}, [])
        given = [tensor for _, tensor in call.tensors()]
        if given and not lost and all(tensor.constant for tensor in given):
            for tensor in made:
                self._derived(call, tensor)
            return
        if len(self.operators) >= MOST_OPERATORS:
            raise BenchError("too_many_operators", f"This model runs more than {MOST_OPERATORS:,} operators.")
        name = f"{call.base}_{len(self.operators)}"
        call.outputs = [self._new(tensor, name if len(made) == 1 else f"{name}_{i}") for i, tensor in enumerate(made)]
        self.operators.append(operator(call, name, watch.macs if watch else None, self._weights))
        if watch and watch.unknown:
            self._not_counted(call, watch.unknown)

    def _not_counted(self, call: Call, unknown: list[str]) -> None:
        """Nobody gets work for nothing by an operator that is not known here."""
        tables = [tensor for _, tensor in call.tensors(*DESCRIBING) if tensor.constant and len(tensor.shape) > 1]
        if any(tensor.elements > 1 for tensor in tables) and self._weights.of(call, multiplies=True):
            raise BenchError(
                "operator_not_counted",
                f"This model gives weights to {call.op[:60]}, whose multiply-accumulates cannot be counted. "
                "Write it with linear layers, convolutions or matrix products, and export it again.",
                details={"operator": call.op[:60]},
            )
        said = f"{call.op[:60]} computes more than is counted here: its multiply-accumulates are left out."
        if any(map(is_heavy, [call.op, *unknown])) and ("operator_not_counted", said) not in self.findings:
            self.findings.append(("operator_not_counted", said))

    def _told(self, value: Any) -> Any:
        """An argument with every torch tensor replaced by the graph's."""
        if isinstance(value, torch.Tensor):
            return self._graph_tensor(value)
        if isinstance(value, torch.ScriptObject):
            return self._unpacked(value)
        if isinstance(value, list | tuple):
            return [self._told(item) for item in value]
        return value

    def _unpacked(self, packed: Any) -> Packed:
        """The same constants each time: an object makes new tensors whenever it is asked for its weights."""
        found = self._packed.get(id(packed))
        if found is None:
            found = Packed(self._constant(tensor, Kind.LEARNED, dtype) for tensor, dtype in unpacked(packed))
            found.stride, found.dilation, found.groups = packed_window(packed)
            self._packed[id(packed)] = found
            self._held.append(packed)
        return found

    def _moves(self, tensor: torch.Tensor) -> bool:
        known = self._known.get(tensor)
        return known is not None and not known.constant

    def _graph_tensor(self, tensor: torch.Tensor) -> Tensor:
        known = self._known.get(tensor)
        return cast("Tensor", known) if known is not None else self._constant(tensor, self._unknown)

    def _constant(self, tensor: torch.Tensor, kind: Kind, dtype: str = "") -> Constant:
        # Two names for one piece of memory are one weight.
        own = tensor.is_quantized or tensor.numel() == 0
        key = (id(tensor),) if own else (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        found = self._stored.get(key)
        if found is None:
            found = self._made(tensor, f"constant_{len(self._stored)}", dtype, kind)
            found.zeros = zeros(tensor)
            found.zero_mask = partial(zero_mask, tensor)
            found.not_finite = partial(not_finite, tensor)
            self._stored[key] = found
        self._known[tensor] = found
        self._held.append(tensor)
        return found

    def _made(self, tensor: torch.Tensor, name: str, dtype: str, kind: Kind) -> Constant:
        shape = tuple(int(size) for size in tensor.shape)
        made = Constant(name, shape, dtype or dtype_name(tensor), constant=True, kind=kind)
        self.tensors[name] = made
        return made

    def _new(self, tensor: torch.Tensor, name: str) -> Tensor:
        made = Tensor(name, tuple(int(size) for size in tensor.shape), dtype_name(tensor))
        self.tensors[name] = made
        self._known[tensor] = made
        return made

    def _derived(self, call: Call, tensor: torch.Tensor) -> None:
        """A constant made from constants. What it is made of is what the file stores, in the bits it stores it in."""
        made = self._made(tensor, f"made_{len(self._held)}", "", self._unknown)
        made.sources = sources_of(call)
        made.turn = turn_of(call, made.shape)
        if call.base.startswith("dequantize") and len(made.sources) == 1:
            made.sources[0].zeros = zeros(tensor)  # zero now is what equals the zero point in the file
            made.sources[0].zero_mask = partial(zero_mask, tensor)
        self._known[tensor] = made
        self._held.append(tensor)


class _Noting(TorchDispatchMode):  # type: ignore[misc]  # torch is not typed here
    """Notes every operator called while it is on, as though the file had stored it."""

    def __init__(self, recording: Recording, *, lost: bool) -> None:
        super().__init__()
        self.recording, self.lost = recording, lost

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        op, kwargs = func._schema.name, kwargs or {}
        if not is_understood(op) and can_follow(func):
            with self:
                return func.decompose(*args, **kwargs)
        named = arguments(func, args, kwargs)
        return self.recording.run(op, named, lambda: func(*args, **kwargs), lost=self.lost)


def _handed_on(op: str, args: dict[str, Any], made: list[torch.Tensor]) -> torch.Tensor | None:
    """The tensor that comes back as it went in, if so: from dropout in use, or from a copy to where it is already.

    So does a slice that takes all there is, which tracing adds to `x[:, -1]`, and what is taken out of the record of gradients.
    """
    given = [value for name, value in args.items() if name != "out" and isinstance(value, torch.Tensor)]
    if len(made) != 1 or not given:
        return None
    if not any(made[0] is value for value in given):
        whole = base_of(op) == "slice" and made[0].shape == given[0].shape and made[0].stride() == given[0].stride()
        return given[0] if whole or base_of(op) == "detach" else None
    name = op.rpartition("::")[2].partition(".")[0]
    in_place = name.endswith("_") or name.startswith("__i")
    return made[0] if not in_place or (base_of(op) in DROPOUTS and args.get("train") is False) else None
