"""Run a model over a data set in an order of our own and hand the outputs on in pieces."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hardware.ondevice import tensors
from hardware.ondevice.session import ModelError, Session, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bytes of float32 in one frame: a third more as base64, well below what the reader takes.
CHUNK_BYTES = 1 << 20
MAX_OUTPUT_BYTES = 32 << 20


def order(count: int, seed: int) -> list[int]:
    """In which order the inputs are given: the same on both sides of the channel, and not that of the file."""
    indices = list(range(count))
    random.Random(seed).shuffle(indices)  # noqa: S311 an order to be repeated, not a secret
    return indices


def predict(
    session: Session,
    data: NDArray[Any],
    seed: int,
    send: Callable[[dict[str, Any]], None],
    progress: Callable[[int, int], None],
) -> None:
    """Predict each of ``data`` (N x input shape without batch, float32) and ``send`` the outputs in pieces.

    A piece is {"start", "count", "size", "data"}: ``count`` outputs of ``size`` float32, little-endian, base64,
    beginning with the ``start``-th of ``order``. Raises ModelError: output_mismatch, output_too_large,
    non_finite_output, run_failed.
    """
    import numpy as np

    spec = tensors.check_input(session.inputs, tuple(data.shape[1:]))
    indices, batch_size = order(len(data), seed), spec.shape[0]
    pieces: list[NDArray[Any]] = []
    start, held, bad = 0, 0, 0
    for first in range(0, len(indices), batch_size):
        chosen = indices[first : first + batch_size]
        outputs = _outputs(session, data[chosen], spec, batch_size)
        bad += int(np.count_nonzero(~np.isfinite(outputs).all(axis=1)))
        if outputs.shape[1] * 4 * len(indices) > MAX_OUTPUT_BYTES:
            raise ModelError("output_too_large", f"The model returns {outputs.shape[1]} numbers for each input.")
        pieces.append(outputs)
        held += len(chosen)
        if held * outputs.shape[1] * 4 >= CHUNK_BYTES or first + batch_size >= len(indices):
            send(_piece(start, np.concatenate(pieces)))
            start, held, pieces = start + held, 0, []
        progress(first + len(chosen), len(indices))
    if bad:
        raise ModelError(
            "non_finite_output",
            f"The model's output is not a number (NaN) or infinite for {bad} of {len(indices)} inputs. Look for "
            "a division by zero, a logarithm of zero, or a number type with too small a range.",
            details={"inputs": bad, "of": len(indices)},
        )


def _outputs(session: Session, chosen: NDArray[Any], spec: TensorSpec, batch_size: int) -> NDArray[Any]:
    """The first output for ``chosen`` as (len(chosen), size) float32. A short last batch is filled up by repetition."""
    import numpy as np

    count = len(chosen)
    batch = np.resize(chosen, (batch_size, *chosen.shape[1:])) if count < batch_size else chosen
    try:
        raw = session.run([tensors.to_model(batch, spec)])[0]
    except session.faults as error:
        raise fault_of("run", error) from error
    real = tensors.to_real(np.asarray(raw), session.outputs[0])
    if batch_size == 1 and real.ndim < 2:
        real = real.reshape(1, -1)  # a model that drops a batch of one
    if real.ndim < 2 or real.shape[0] != batch_size:
        shape = "x".join(map(str, real.shape)) or "scalar"
        raise ModelError(
            "output_mismatch", f"For {batch_size} inputs the model returns {shape}. Its first size must be the batch."
        )
    return real.reshape(batch_size, -1)[:count]


def _piece(start: int, outputs: NDArray[Any]) -> dict[str, Any]:
    data = base64.b64encode(outputs.astype("<f4").tobytes()).decode("ascii")
    return {"start": start, "count": len(outputs), "size": outputs.shape[1], "data": data}
