"""The labs' data: scikit-learn's digits, and pictures and spectrograms that are generated from a seed.

What is generated looks like nothing in the world: it serves to run a lab out of the box, and a model that learned real images or
real speech knows nothing of it. A course that has data of its own sends that instead (docs/labs.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grading.demo.digits import Split, hidden_split, public_split

PUBLIC, HIDDEN = 1200, 300
PUBLIC_SEED, HIDDEN_SEED = 6965, 20220908
IMAGE_CLASSES = ("disk", "ring", "square", "frame", "triangle", "cross", "rows", "columns", "diagonals", "checks")
KEYWORD_CLASSES = (
    "rising", "falling", "peak", "valley", "low", "high", "two tones", "late", "early", "pulses", "silence", "unknown",
)  # fmt: skip
SIDE, FRAMES, BANDS = 32, 49, 10


@dataclass(frozen=True)
class LabData:
    """public, hidden: make (inputs float32 (n, *shape), labels int64 (n,)). high: the largest value; the lowest is 0."""

    public: Callable[[], Split]
    hidden: Callable[[], Split]
    high: float = 1.0


def images(count: int, seed: int) -> Split:
    """Grey shapes on a tinted, noisy ground: inputs (count, 3, 32, 32) from 0 to 1, a class of IMAGE_CLASSES each."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(IMAGE_CLASSES)).astype(np.int64)
    grid = np.arange(SIDE, dtype=np.float32)
    rows, columns = grid[None, :, None], grid[None, None, :]
    middle_y, middle_x = (rng.uniform(12, 20, (count, 1, 1)) for _ in range(2))
    size, period = rng.uniform(6, 11, (count, 1, 1)), rng.integers(4, 7, (count, 1, 1)).astype(float)
    y, x = rows - middle_y, columns - middle_x
    drawn = np.stack([make(y, x, size, period) for make in IMAGES], axis=1)[np.arange(count), labels]
    ground, ink = rng.uniform(0.1, 0.4, (count, 3, 1, 1)), rng.uniform(0.55, 0.9, (count, 3, 1, 1))
    pictures = np.where(drawn[:, None], ink, ground) + rng.normal(0, 0.04, (count, 3, SIDE, SIDE))
    return np.clip(pictures, 0, 1).astype(np.float32), labels


Grid = NDArray[np.float64]
Maker = Callable[[Grid, Grid, Grid, Grid], NDArray[np.bool_]]


def _far(y: Grid, x: Grid) -> Grid:
    return np.maximum(np.abs(y), np.abs(x))


IMAGES: tuple[Maker, ...] = (
    lambda y, x, s, p: np.hypot(y, x) < s,
    lambda y, x, s, p: (np.hypot(y, x) < s) & (np.hypot(y, x) > s - 3),
    lambda y, x, s, p: _far(y, x) < s,
    lambda y, x, s, p: (_far(y, x) < s) & (_far(y, x) > s - 3),
    lambda y, x, s, p: (y < s) & (y > 2 * np.abs(x) - s),
    lambda y, x, s, p: (_far(y, x) < s) & (np.minimum(np.abs(y), np.abs(x)) < 2),
    lambda y, x, s, p: (np.floor(y) % p < p // 2) & (np.abs(x) < 40),
    lambda y, x, s, p: (np.floor(x) % p < p // 2) & (np.abs(y) < 40),
    lambda y, x, s, p: np.floor(y + x) % p < p // 2,
    lambda y, x, s, p: (np.floor(y) % p < p // 2) ^ (np.floor(x) % p < p // 2),
)


def keywords(count: int, seed: int) -> Split:
    """Like a log mel spectrogram of one second: inputs (count, 1, 49, 10) from 0 to 1, a class of KEYWORD_CLASSES each."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(KEYWORD_CLASSES)).astype(np.int64)
    made = np.stack([_keyword(rng, KEYWORD_CLASSES[label]) for label in labels])
    made = made * rng.uniform(0.5, 0.9, (count, 1, 1)) + np.abs(rng.normal(0, 0.05, made.shape))
    return np.clip(made, 0, 1)[:, None].astype(np.float32), labels


def _keyword(rng: np.random.Generator, name: str) -> Grid:
    """(49, 10): how loud each band is in each frame. A trace is a band that moves over the time of the word."""
    time, bands = np.arange(FRAMES)[:, None] / FRAMES, np.arange(BANDS)[None, :]
    if name == "silence":
        return np.zeros((FRAMES, BANDS))
    begins, lasts = rng.uniform(0.15, 0.3), rng.uniform(0.4, 0.55)
    if name in ("late", "early"):
        begins, lasts = (rng.uniform(0.65, 0.7) if name == "late" else rng.uniform(0.02, 0.08)), 0.25
    through = np.clip((time - begins) / lasts, 0, 1)
    loud = ((time > begins) & (time < begins + lasts)).astype(float)
    if name == "pulses":
        loud *= np.sin(2 * np.pi * (through * rng.uniform(2.8, 3.4))) > 0
    traces = TRACES[name](rng, through)
    return sum((loud * np.exp(-(((bands - trace) / 0.9) ** 2)) for trace in traces), np.zeros((FRAMES, BANDS)))


Trace = Callable[[np.random.Generator, Grid], list[Grid]]
TRACES: dict[str, Trace] = {
    "rising": lambda rng, t: [1 + 7 * t],
    "falling": lambda rng, t: [8 - 7 * t],
    "peak": lambda rng, t: [1 + 7 * np.sin(np.pi * t)],
    "valley": lambda rng, t: [8 - 7 * np.sin(np.pi * t)],
    "low": lambda rng, t: [rng.uniform(0.5, 2.5) + 0 * t],
    "high": lambda rng, t: [rng.uniform(6.5, 8.5) + 0 * t],
    "two tones": lambda rng, t: [rng.uniform(0.5, 2.5) + 0 * t, rng.uniform(6.5, 8.5) + 0 * t],
    "late": lambda rng, t: [rng.uniform(3.5, 5.5) + 0 * t],
    "early": lambda rng, t: [rng.uniform(3.5, 5.5) + 0 * t],
    "pulses": lambda rng, t: [rng.uniform(3.5, 5.5) + 0 * t],
    "unknown": lambda rng, t: [
        rng.uniform(0, 9) + 2.5 * np.sin(2 * np.pi * (rng.uniform(1.4, 2.4) * t + rng.uniform()))
    ],
}


DIGITS = LabData(public_split, hidden_split, 16.0)
IMAGE_SET = LabData(lambda: images(PUBLIC, PUBLIC_SEED), lambda: images(HIDDEN, HIDDEN_SEED))
KEYWORD_SET = LabData(lambda: keywords(PUBLIC, PUBLIC_SEED), lambda: keywords(HIDDEN, HIDDEN_SEED))
