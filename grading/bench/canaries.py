"""Hidden inputs once more, a little changed, among the others: a model that knows the inputs by heart loses its answers on them.

Also a look whether the file holds hidden inputs as they are. Both are done outside the sandbox.
"""

import mmap
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 64
# Each value is scaled by a factor of its own. Zeros stay zeros: a background that is cut off at zero is no other picture.
JITTER = 0.02
LEAST_FILLED = 16  # values other than zero that a row must have to be looked for
SEARCHED_BYTES = 400 << 20  # rows times the size of the file
ROW_BYTES = 4096


@dataclass(frozen=True)
class Mixed:
    """Inputs with their changed copies behind them. places: of which input each copy is one."""

    path: Path
    count: int
    places: tuple[int, ...]

    def split(self, predictions: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """What was answered to the inputs, and to the copies."""
        return predictions[: self.count], predictions[self.count :]


def mixed(inputs: Path, seed: int, target: Path) -> Mixed:
    """Write all of `inputs` (.npy, one row an input, as it is stored) and at most `MOST` changed copies to `target`.

    The harness gives them in a random order, so that nothing tells a copy from the rest.
    """
    data: NDArray[Any] = np.load(inputs, mmap_mode="r", allow_pickle=False)
    places = _places(len(data), seed)
    made = np.lib.format.open_memmap(
        target, mode="w+", dtype=data.dtype, shape=(len(data) + len(places), *data.shape[1:])
    )
    made[: len(data)] = data
    made[len(data) :] = jittered(data[places], seed)
    made.flush()
    return Mixed(target, len(data), tuple(places))


def _places(count: int, seed: int) -> list[int]:
    return sorted(random.Random(seed).sample(range(count), min(MOST, count)))  # noqa: S311 to be repeated, not a secret


def jittered(data: NDArray[Any], seed: int) -> NDArray[Any]:
    """Each value times a factor within 1 ± JITTER of its own, within the range of the data; whole numbers are rounded."""
    factors = np.random.default_rng([seed, len(data)]).uniform(1 - JITTER, 1 + JITTER, data.shape)
    changed = np.clip(data * factors, data.min(), data.max())
    made: NDArray[Any] = (np.rint(changed) if data.dtype.kind in "iu" else changed).astype(data.dtype)
    return made


def copied_of(forms: Sequence[Path], model: Path, seed: int, count: int) -> tuple[int, int]:
    """As `copied`, of the form of the inputs of which the file holds the most: as they are stored, or as a model gets them."""
    return max(copied(model, form, seed, count) for form in forms)


def copied(model: Path, inputs: Path, seed: int, count: int | None = None) -> tuple[int, int]:
    """How many of some hidden inputs stand in the file byte for byte, as float32 or as whole numbers of 8 bits, and how many were
    looked for. Fewer are looked for in a large file, so that it stays a matter of milliseconds."""
    data: NDArray[Any] = np.load(inputs, mmap_mode="r", allow_pickle=False)[:count]
    size = model.stat().st_size
    most = max(SEARCHED_BYTES // max(size, 1), 4)
    rows = [row for place in _places(len(data), seed)[:most] if np.count_nonzero(row := data[place]) >= LEAST_FILLED]
    if not rows or not size:
        return 0, 0
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return sum(any(text.find(spelled) >= 0 for spelled in _spellings(row)) for row in rows), len(rows)


def _spellings(row: NDArray[Any]) -> Iterator[bytes]:
    """The bytes of one input as a file may hold them. A long one is told by its middle."""
    forms: list[NDArray[Any]] = [np.ascontiguousarray(row, dtype="<f4")]
    if bool((row == np.round(row)).all()) and float(row.min()) >= -128 and float(row.max()) <= 255:
        forms.append(row.astype(np.int16).astype(np.uint8))
    for form in forms:
        if len(np.unique(form)) > 2:  # what has only two values could stand anywhere
            spelled = form.tobytes()
            begin = max(len(spelled) - ROW_BYTES, 0) // 2
            yield spelled[begin : begin + ROW_BYTES]
