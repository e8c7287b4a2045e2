"""What every runtime offers the harness, and how a model's fault is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hardware.ondevice import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Runtimes say in words of their own that an allocation failed.
MEMORY_WORDS = ("can't allocate memory", "failed to allocate", "bad_alloc", "cannot allocate memory", "out of memory")


class ModelError(Exception):
    """The model cannot be measured. ``outcome`` is of the closed set of the engine; ``message`` is for its author."""

    def __init__(
        self, code: str, message: str, outcome: str = "refused", details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.outcome, self.details = code, message, outcome, details or {}


@dataclass(frozen=True)
class TensorSpec:
    """One input or output: shape with the batch first (unknown sizes as 1), dtype by numpy's name.

    A real number is (stored - zero_point) * scale where ``scale`` is given.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int = 0

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape)) or 'scalar'} {self.dtype}"


@dataclass(frozen=True)
class Options:
    """What a runtime needs besides the file: shapes and types of the inputs, for formats that do not hold them.

    Where ``types`` is shorter than ``shapes``, the rest is float32.
    """

    threads: int = 1
    shapes: Sequence[tuple[int, ...]] = field(default_factory=tuple)
    types: Sequence[str] = field(default_factory=tuple)


class Session(Protocol):
    """A model in its runtime. ``faults`` are the exceptions the runtime raises about a model."""

    runtime: str
    version: str
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]
    faults: tuple[type[Exception], ...]

    def run(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference on arrays that match ``inputs``."""
        ...

    def bind(self, arrays: list[NDArray[Any]]) -> Callable[[], object]:
        """One inference on arrays that match ``inputs``, to be called again and again: this is what is timed.

        All that is ours is done before, so that a time is the runtime's; what comes back is as the runtime gives it.
        """
        ...

    def has_changed(self) -> bool:
        """Whether anything that the model keeps between two inferences is no longer as it was loaded."""
        ...


def is_about_memory(error: Exception) -> bool:
    """Whether a runtime's exception says that it was refused memory."""
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in MEMORY_WORDS)


def fault_of(stage: str, error: Exception) -> ModelError:
    """What a runtime's exception at ``stage`` ("load" or "run") means for the author of the model.

    Its text is quoted, so this is not for a model that has seen hidden inputs.
    """
    if is_about_memory(error):
        return ModelError("out_of_memory", "The model asked for more memory than is allowed here.", "out_of_memory")
    said = (words.useful_line(str(error)) or "it gives no reason").rstrip(".")
    if stage == "load":
        return ModelError("load_failed", f"The runtime cannot load this model: {said}. Export it again.")
    raised = words.raised_by_itself(str(error))
    if raised is not None:
        return ModelError("model_raised", f"The model stops by itself when it runs. It raises: {raised.rstrip('.')}.")
    return ModelError("run_failed", f"The model loads, but fails when it runs: {said}.")
