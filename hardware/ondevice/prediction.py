"""Run a model over the hidden inputs in an order of our own and hand the outputs on in pieces.

From here on the model knows what is hidden: every fault is one of hidden.py.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hardware.ondevice import hidden, tensors
from hardware.ondevice.rehearsal import Rehearsal, agree, answer, answer_all
from hardware.ondevice.session import ModelError, Session, TensorSpec, is_about_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bytes of float32 in one frame: a third more as base64, well below what the reader takes.
CHUNK_BYTES = 1 << 20
REPEATED = 5


def order(count: int, seed: int) -> list[int]:
    """In which order the inputs are given: the same on both sides of the channel, and not that of the file."""
    indices = list(range(count))
    random.Random(seed).shuffle(indices)  # noqa: S311 an order to be repeated, not a secret
    return indices


def predict(
    session: Session,
    data: NDArray[Any],
    rehearsal: Rehearsal,
    seed: int,
    send: Callable[[dict[str, Any]], None],
    progress: Callable[[int, int], None],
) -> None:
    """Predict each of ``data`` (N x input shape without batch) and ``send`` the outputs in pieces.

    A piece is {"start", "count", "size", "data"}: ``count`` outputs of ``size`` float32, little-endian, base64,
    beginning with the ``start``-th of ``order``. At the end a few inputs are answered once more. Raises ModelError
    with a code of ``hidden.SENTENCES``.
    """
    spec = tensors.check_input(session.inputs, tuple(data.shape[1:]), str(data.dtype))
    try:
        kept = _predict_all(session, data, rehearsal.size, spec, seed, send, progress)
        _check_again(session, data, rehearsal, spec, kept)
    except ModelError as error:
        raise hidden.fault(error.code if error.code in hidden.SENTENCES else "run_failed") from error
    except session.faults as error:
        raise hidden.fault("out_of_memory" if is_about_memory(error) else "run_failed") from error


def _predict_all(
    session: Session,
    data: NDArray[Any],
    size: int,
    spec: TensorSpec,
    seed: int,
    send: Callable[[dict[str, Any]], None],
    progress: Callable[[int, int], None],
) -> dict[int, NDArray[Any]]:
    """All inputs once. Returns the outputs of the few that will be asked again, by their place in ``data``."""
    import numpy as np

    indices, batch_size = order(len(data), seed), spec.shape[0]
    asked_again = set(order(len(data), seed + 1)[:REPEATED])
    kept: dict[int, NDArray[Any]] = {}
    pieces: list[NDArray[Any]] = []
    start, held, finite = 0, 0, True
    for first in range(0, len(indices), batch_size):
        chosen = indices[first : first + batch_size]
        outputs = answer(session, data[chosen], spec)
        if outputs.shape[1] != size or len(outputs) != len(chosen):
            raise hidden.fault("output_mismatch")
        finite = finite and bool(np.isfinite(outputs).all())
        kept |= {index: row for index, row in zip(chosen, outputs) if index in asked_again}
        pieces.append(outputs)
        held += len(chosen)
        if held * size * 4 >= CHUNK_BYTES or first + batch_size >= len(indices):
            send(piece(start, np.concatenate(pieces)))
            start, held, pieces = start + held, 0, []
        progress(first + len(chosen), len(indices))
    if not finite:  # said at the end, so that the moment does not tell which input it was
        raise hidden.fault("non_finite_output")
    return kept


def _check_again(
    session: Session, data: NDArray[Any], rehearsal: Rehearsal, spec: TensorSpec, kept: dict[int, NDArray[Any]]
) -> None:
    """The same inputs, later, in another order and among others, must give the same answers, and leave nothing behind."""
    import numpy as np

    places = sorted(kept)
    first = np.stack([kept[place] for place in places])
    made_up = answer_all(session, rehearsal.inputs, spec)
    later = answer_all(session, data[places], spec)
    if not (agree(first, later, session.outputs[0]) and agree(rehearsal.outputs, made_up, session.outputs[0])):
        raise hidden.fault("unstable_output")
    if session.has_changed():
        raise hidden.fault("stateful_model")


def piece(start: int, outputs: NDArray[Any]) -> dict[str, Any]:
    """One piece of the answers, beginning with the ``start``-th of ``order``."""
    data = base64.b64encode(outputs.astype("<f4").tobytes()).decode("ascii")
    return {"start": start, "count": len(outputs), "size": outputs.shape[1], "data": data}
