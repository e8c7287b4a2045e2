"""Exported programs have no branches, but sizes can follow from values, buffers can be written to, and chance can be drawn.

The same rules as for TorchScript, on a graph that is followed on an example.
"""

from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection import torchscript_effects as effects
from grading.bench.inspection.stored import flat_tensors
from grading.bench.inspection.torchscript_provenance import identity, parts, stateful
from grading.bench.inspection.traced import Recording


class Effects:
    """Checks each call of one program.

    All that the file does not store counts as depending on the input: nothing that is made on the way is told apart.
    learns: the program is a training step, which changes what it keeps; has_learned says whether it does.
    """

    def __init__(self, signature: Any, recording: Recording, *, learns: bool = False) -> None:
        """Raises BenchError (`stateful_model`) where the program says that it changes a buffer or its input."""
        self.has_learned = bool(signature.buffers_to_mutate)
        self._recording = recording
        self._written: dict[Any, Any] = {}  # memory that held constants until something of the input was written there
        self._inputs = set(signature.user_inputs)
        self._kept: dict[Any, Any] = {}
        self._state = {*signature.inputs_to_buffers, *signature.inputs_to_parameters} if learns else set()
        self._may_change: set[Any] = set()
        if signature.buffers_to_mutate and not learns:
            raise stateful(
                f"changes its own {str(next(iter(signature.buffers_to_mutate.values())))[:60]} while it runs"
            )

    def placed(self, name: str, value: Any) -> Any:
        """A placeholder of the graph got its value."""
        if name not in self._inputs:
            self._kept |= {identity(part): part for part in parts(value)}
        if name in self._state:
            self._may_change |= {identity(part) for part in parts(value)}
        return value

    def check(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raises BenchError: control_flow, random_model, stateful_model."""
        schema = getattr(target, "_schema", None)
        if schema is None:  # arithmetic over sizes, or taking one result of several
            return
        kind = str(schema.name)
        named = {each.name: each.default_value for each in schema.arguments if each.has_default_value()}
        named |= {each.name: value for each, value in zip(schema.arguments, args, strict=False)} | kwargs
        if effects.draws(kind, schema.overload_name, named):
            raise effects.random_model(kind)
        tainted = {name for name, value in named.items() if not all(map(self._is_kept, flat_tensors(value)))}
        is_read_out = torch.Tag.data_dependent_output in target.tags
        if tainted and (is_read_out or effects.sizes_follow_values(kind, schema, named, tainted)):
            raise BenchError(
                "control_flow",
                f"This model lets the values of its input decide over sizes ({kind[:60]}), so its cost cannot be counted "
                "from the file. Export it again without that step.",
            )
        for name in effects.written(kind, schema, named):
            for tensor in flat_tensors(named.get(name)):
                if self._is_kept(tensor) and identity(tensor) not in self._may_change:
                    raise stateful(f"changes a value that it keeps ({kind[:60]})")
                self.has_learned |= self._is_kept(tensor)
                if tainted - {name} and self._recording.is_constant(tensor):
                    self._written[identity(tensor)] = tensor

    def has_lost(self, named: dict[str, Any]) -> bool:
        """Whether an argument shares memory that was written to, and the recording does not know: see Recording.has_lost."""
        tensors = flat_tensors(named)
        return self._recording.has_lost(tensor for tensor in tensors if identity(tensor) in self._written)

    def _is_kept(self, tensor: torch.Tensor) -> bool:
        return identity(tensor) in self._kept
