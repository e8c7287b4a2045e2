"""The same input again and again, beside inputs that are new each time: a model that remembers answers is slower at the new ones.

They take turns, so that a busy machine makes both slower alike. Wall time: under a limit of processor time, Linux tells that only in ticks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hardware.ondevice import tensors
from hardware.ondevice.session import Session, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PAIRS, LEAST_PAIRS = 25, 5
MOST_S = 0.3
STEP = 1e-3


def measure(session: Session, inputs: NDArray[Any], spec: TensorSpec) -> dict[str, list[float]]:
    """Wall time of single inferences in ms, by turns: {"same_ms", "unique_ms"}, of equal length.

    ``inputs`` are made-up ones in whole batches; the new ones are scaled by another factor each. Stops after
    ``MOST_S``, but not before ``LEAST_PAIRS``. Raises ModelError.
    """
    batch = inputs[: spec.shape[0]]
    found: dict[str, list[float]] = {"same_ms": [], "unique_ms": []}
    started = time.perf_counter()
    try:
        for turn in range(1, MOST_PAIRS + 1):
            # Both are copied and turned into the model's numbers: only what they hold differs.
            found["same_ms"].append(_once(session, tensors.to_model(batch * 1, spec)))
            found["unique_ms"].append(_once(session, tensors.to_model(_another(batch, turn), spec)))
            if turn >= LEAST_PAIRS and time.perf_counter() - started > MOST_S:
                break
    except session.faults as error:
        raise fault_of("run", error) from error
    return found


def _another(batch: NDArray[Any], turn: int) -> NDArray[Any]:
    """An input that was not given before: scaled by a factor of its own, or, of whole numbers, moved on within its range."""
    if batch.dtype.kind not in "iu":
        found: NDArray[Any] = batch * (1 - STEP * turn)
        return found
    low, high = int(batch.min()), int(batch.max())
    moved: NDArray[Any] = (low + (batch.astype("int64") - low + turn) % (high - low + 1)).astype(batch.dtype)
    return moved


def _once(session: Session, given: NDArray[Any]) -> float:
    infer = session.bind([given])
    begun = time.perf_counter_ns()
    infer()
    return round((time.perf_counter_ns() - begun) / 1e6, 6)
