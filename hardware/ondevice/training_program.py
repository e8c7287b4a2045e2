"""A training step of torch.export in PyTorch: what it keeps can be taken out and put back, so nothing is learned where nothing may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardware.ondevice.session import ModelError, Options, TensorSpec
from hardware.ondevice.torch_export_runtime import loaded
from hardware.ondevice.torch_session import TORCH_FAULTS, tensors_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_RETURNS = "A step returns two tensors: its loss, one number, and its scores, one row for each input of the batch."


class Program:
    """``inputs``: of the batch and of its labels. ``batch``: inputs of one step. ``faults``: what PyTorch raises about a program."""

    faults = TORCH_FAULTS
    runtime = "torch.export"

    def __init__(self, module: Any, inputs: list[TensorSpec]) -> None:
        import torch

        self._torch, self._module, self.inputs = torch, module, inputs
        self.version = str(torch.__version__)
        self.batch = inputs[0].shape[0] if inputs and inputs[0].shape else 0
        self._kept = [*module.parameters(), *module.buffers()]

    def state(self) -> list[Any]:
        """A copy of all that the program keeps."""
        return [tensor.detach().clone() for tensor in self._kept]

    def restore(self, state: list[Any]) -> None:
        """Put a copy back."""
        with self._torch.no_grad():
            for tensor, before in zip(self._kept, state):
                tensor.copy_(before)

    def changed(self, state: list[Any]) -> int:
        """How many tensors are not as in ``state``."""
        pairs = zip(self._kept, state)
        return sum(not self._torch.equal(now.detach(), before) for now, before in pairs)

    @property
    def kept_tensors(self) -> int:
        """How many tensors the program keeps."""
        return len(self._kept)

    @property
    def state_bytes(self) -> int:
        """Of all that the program keeps: weights, and what its optimizer remembers."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self._kept)

    def given(self, x: NDArray[Any], y: NDArray[Any]) -> list[Any]:
        """A batch and its labels as tensors of their own, so that a program that writes into them changes no data."""
        return [self._torch.from_numpy(array.copy()) for array in (x, y)]

    def call(self, given: list[Any]) -> Any:
        """One step: this is what is timed."""
        with self._torch.inference_mode():
            return self._module(*given)

    def step(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """One step on a batch: the loss that the program says, and its scores as float32 (batch, size). Raises ModelError."""
        return self.read(self.call(self.given(x, y)))

    def read(self, answered: Any) -> tuple[float, NDArray[Any]]:
        """Loss and scores of an answer. Raises ModelError (`output_mismatch`)."""
        found = list(tensors_in(answered))
        if len(found) != 2 or found[0].numel() != 1 or found[1].ndim < 2 or found[1].shape[0] != self.batch:
            shapes = ", ".join("x".join(map(str, one.shape)) or "scalar" for one in found[:4]) or "nothing"
            raise ModelError("output_mismatch", f"This program returns {shapes}. {STEP_RETURNS}")
        scores: NDArray[Any] = found[1].detach().float().reshape(self.batch, -1).numpy().copy()
        return float(found[0].detach().float().reshape(()).item()), scores

    def peak_bytes(self, given: list[Any]) -> int:
        """The most that PyTorch had allocated at one moment of a step beyond what it had before, by its own record."""
        profiler = self._torch.profiler
        with profiler.profile(activities=[profiler.ProfilerActivity.CPU], profile_memory=True) as record:
            self.call(given)
        events = [event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"]
        now = peak = 0
        for event in sorted(events, key=lambda one: int(one.start_ns())):
            now += int(event.nbytes())
            peak = max(peak, now)
        return peak


def program_at(path: str, options: Options) -> Program:
    """Load the step at ``path``. Raises ModelError."""
    return Program(*loaded(path, options))
