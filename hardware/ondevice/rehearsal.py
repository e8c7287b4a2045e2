"""Run a model on made-up inputs before it sees a hidden one, and compare answers to one input at different times.

What fails on made-up inputs is no secret and may be quoted in full, and it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hardware.ondevice import tensors
from hardware.ondevice.session import ModelError, Session, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

REHEARSED = 4
MAX_OUTPUT_BYTES = 32 << 20
# How far two answers to one input may lie apart, as a share of the largest score: another order of summing, no more.
TOLERANCE = 1e-3
AT_AN_END = 0.125
STABLE = "Save it in evaluation mode, without anything that it keeps from one input to the next."


@dataclass(frozen=True)
class Rehearsal:
    """Made-up inputs (of the data's type, whole batches) and what the model answered: float32 of (inputs, size)."""

    inputs: NDArray[Any]
    outputs: NDArray[Any]

    @property
    def size(self) -> int:
        """How many numbers the model gives for each input."""
        return int(self.outputs.shape[1])


def made_up(data: NDArray[Any], count: int, seed: int) -> NDArray[Any]:
    """``count`` inputs of the shape and range of ``data``: uniform between its ends, an eighth of the values at each."""
    import numpy as np

    low, high = float(data.min()), float(data.max())
    generator = np.random.default_rng([seed, count])
    shape = (count, *data.shape[1:])
    drawn = generator.uniform(low, high, shape)
    values = (np.rint(drawn) if data.dtype.kind in "iu" else drawn).astype(data.dtype)
    place = generator.random(shape)
    values[place < AT_AN_END] = low
    values[place > 1 - AT_AN_END] = high
    return values


def rehearse(session: Session, data: NDArray[Any], seed: int, scores: int | None = None) -> Rehearsal:
    """Answer made-up inputs twice, the second time from the end.

    Args:
        scores: numbers that the lab asks for; None where any will do.

    Raises:
        ModelError: refused with output_mismatch, output_too_large, non_finite_output, unstable_output, stateful_model,
            run_failed or model_raised.
    """
    import numpy as np

    spec = tensors.check_input(session.inputs, tuple(data.shape[1:]), str(data.dtype))
    batches = -(-REHEARSED // spec.shape[0])
    inputs = made_up(data, batches * spec.shape[0], seed)
    try:
        outputs = answer_all(session, inputs, spec)
        again = answer_all(session, inputs[::-1], spec)[::-1]
    except session.faults as error:
        raise fault_of("run", error) from error
    _check_size(outputs.shape[1], scores, len(data))
    bad = int(np.count_nonzero(~np.isfinite(outputs).all(axis=1)))
    if bad:
        raise ModelError(
            "non_finite_output",
            f"The model's output is not a number (NaN) or infinite for {bad} of {len(inputs)} made-up inputs of the "
            "lab's shape and range. Look for a division by zero, a logarithm of zero, or a number type with too small "
            "a range.",
            details={"inputs": bad, "of": len(inputs)},
        )
    if not agree(outputs, again, session.outputs[0]):
        raise ModelError("unstable_output", f"The model answers the same input differently each time. {STABLE}")
    if session.has_changed():
        raise ModelError("stateful_model", f"The model changes what it keeps while it answers. {STABLE}")
    return Rehearsal(inputs, outputs)


def _check_size(size: int, scores: int | None, count: int) -> None:
    if scores is not None and size != scores:
        raise ModelError(
            "output_mismatch",
            f"The model returns {size} numbers for each input. The lab asks for {scores}.",
        )
    if size * 4 * count > MAX_OUTPUT_BYTES:
        raise ModelError("output_too_large", f"The model returns {size} numbers for each input.")


def answer_all(session: Session, inputs: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """The first output for each of ``inputs`` as (inputs, size) float32. A short last batch is filled up by repetition.

    Raises ModelError (`output_mismatch`) where the size is not the same for all, and what the runtime raises.
    """
    import numpy as np

    batch_size = spec.shape[0]
    found = [answer(session, inputs[at : at + batch_size], spec) for at in range(0, len(inputs), batch_size)]
    sizes = sorted({part.shape[1] for part in found})
    if len(sizes) > 1:
        said = f"The model returns {sizes[0]} numbers for one input and {sizes[-1]} for another of the same shape."
        raise ModelError("output_mismatch", said)
    return np.concatenate(found)


def answer(session: Session, chosen: NDArray[Any], spec: TensorSpec) -> NDArray[Any]:
    """The first output for at most one batch as (len(chosen), size) float32. Raises as ``answer_all``."""
    import numpy as np

    count, batch_size = len(chosen), spec.shape[0]
    batch = np.resize(chosen, (batch_size, *chosen.shape[1:])) if count < batch_size else chosen.copy()
    raw = session.run([tensors.to_model(batch, spec)])[0]
    real = tensors.to_real(np.asarray(raw), session.outputs[0])
    if batch_size == 1 and real.ndim < 2:
        real = real.reshape(1, -1)  # a model that drops a batch of one
    if real.ndim < 2 or real.shape[0] != batch_size or real.size == 0:
        shape = "x".join(map(str, real.shape)) or "scalar"
        said = f"For {batch_size} inputs the model returns {shape}. Its first size must be the batch."
        raise ModelError("output_mismatch", said)
    flat: NDArray[Any] = real.reshape(batch_size, -1)[:count]
    return flat


def agree(first: NDArray[Any], later: NDArray[Any], output: TensorSpec) -> bool:
    """Whether two answers to the same inputs are the same but for rounding, or one step of a quantised output."""
    import numpy as np

    if first.shape != later.shape:
        return False
    finite = first[np.isfinite(first)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    apart = TOLERANCE * largest + (output.scale or 0.0)
    return bool(np.allclose(later, first, rtol=0, atol=apart, equal_nan=True))
