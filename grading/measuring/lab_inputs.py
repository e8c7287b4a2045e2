"""The hidden inputs on their way to a model: turned to its layout, then normalised as the lab says. The worker's: needs numpy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench import canaries
from grading.ml_tasks.scoring.base import Inputs
from grading.spec import BenchSpec
from grading.spec.inputs import CHANNEL, Normalise

CHUNK_BYTES = 16 << 20


@dataclass(frozen=True)
class Shown:
    """What a model gets to see, and how many of the hidden inputs stand in its file, of how many that were looked for."""

    inputs: Inputs
    copied: tuple[int, int]


def shown_inputs(model: Path, inputs: Path, spec: BenchSpec, layout: str, folder: Path, seed: int) -> Shown:
    """All inputs and behind them changed copies of some, as the model takes them; written to `folder` where they are not as stored.

    They are changed before they are normalised: a background of zeros has to stay one.
    """
    arranged = arrange_inputs(inputs, spec, layout, folder / "inputs.npy")
    mixed = canaries.mixed(arranged, seed, folder / "mixed.npy")
    shown = normalise_inputs(mixed.path, spec, layout, folder / "normalised.npy")
    forms = [arranged] if shown == mixed.path else [arranged, shown]
    copied = canaries.copied_of(forms, model, seed, mixed.count)
    return Shown(Inputs(shown, mixed.count, mixed.places), copied)


def arrange_inputs(inputs: Path, spec: BenchSpec, layout: str, target: Path) -> Path:
    """The stored inputs in the layout the model wants: axes are moved by their letters, NCHW to NHWC."""
    stored = next(iter(spec.input.shapes))
    if layout == stored:
        return inputs
    data: NDArray[Any] = np.load(inputs, allow_pickle=False)
    data = data.transpose([stored.index(letter) for letter in layout])  # the first axis, N, holds all inputs
    np.save(target, np.ascontiguousarray(data), allow_pickle=False)
    return target


def normalise_inputs(inputs: Path, spec: BenchSpec, layout: str, target: Path) -> Path:
    """What the lab does to stored numbers before a model sees them, if anything: float32 at `target`, else `inputs` itself."""
    rule = spec.input.normalise
    if rule is None:
        return inputs
    data: NDArray[Any] = np.load(inputs, mmap_mode="r", allow_pickle=False)
    made = np.lib.format.open_memmap(target, mode="w+", dtype=np.float32, shape=data.shape)
    step = max(1, CHUNK_BYTES // max(4 * int(np.prod(data.shape[1:])), 1))
    for begin in range(0, len(data), step):
        made[begin : begin + step] = normalised(data[begin : begin + step], rule, layout)
    made.flush()
    return target


def normalised(data: NDArray[Any], rule: Normalise, layout: str) -> NDArray[np.float32]:
    """(x / divide_by - mean) / std in float32. data: (n, ...) with the sizes of `layout`."""
    values = data.astype(np.float32) / np.float32(rule.divide_by)
    if rule.mean:
        values = values - _along(rule.mean, layout, data.ndim)
    if rule.std:
        values = values / _along(rule.std, layout, data.ndim)
    return np.asarray(values, dtype=np.float32)


def _along(values: tuple[float, ...], layout: str, axes: int) -> NDArray[np.float32]:
    """One number for all, or one for each channel along the axis of the channels."""
    found = np.array(values, dtype=np.float32)
    if len(values) == 1:
        return found
    shape = [1] * axes
    shape[layout.index(CHANNEL)] = len(values)
    return found.reshape(shape)
