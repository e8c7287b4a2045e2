"""What scores a task: numpy only, no Django, outside the sandbox; labels never enter it. Each module here has a `SCORER`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Scored:
    """metrics: by name, in their own unit. intervals: metric -> 95 % interval. quality: JSON-ready, what the figure is drawn from."""

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    quality: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """What the model was given: all inputs and behind them changed copies of those at `places` (grading/bench/canaries.py)."""

    path: Path
    count: int
    places: tuple[int, ...] = ()


class Scorer(ABC):
    """right_means: when an answer counts as right for the comparison with a changed copy of its input, as a sentence; "" where it is plain."""

    right_means = ""

    @abstractmethod
    def read(self, labels: Path, options: Any, count: int) -> Any:
        """What is true of each input: an array or a list of length `count`. Raises ValueError where the file does not belong to them."""

    def truth(self, labels: Path | None, inputs: Inputs, options: Any) -> tuple[Any, Any]:
        """What is true of the inputs, and of their changed copies. Raises ValueError."""
        if labels is None:
            raise ValueError("this task has labels, and the hidden set has none")
        found = self.read(labels, options, inputs.count)
        return found, self.at(found, inputs.places)

    def at(self, truth: Any, places: tuple[int, ...]) -> Any:
        """What is true of the inputs at `places`. `at` below, but for what is no array and no list."""
        return at(truth, places)

    @abstractmethod
    def score(self, answers: Array, truth: Any, options: Any) -> Scored:
        """answers: float32 (n, numbers of one answer). Raises ValueError where the shapes do not belong together."""

    @abstractmethod
    def right(self, answers: Array, truth: Any, options: Any, scored: Scored) -> NDArray[np.bool_]:
        """Which answers are right, for `truth` of as many inputs. scored: of all inputs."""


def scorer_of(task: str) -> Scorer:
    """By its name: the registry is imported by pages, which must not load numpy."""
    return cast("Scorer", import_module(f"grading.ml_tasks.scoring.{task}").SCORER)


def at(truth: Any, places: tuple[int, ...]) -> Any:
    return truth[list(places)] if isinstance(truth, np.ndarray) else [truth[place] for place in places]


def loaded(path: Path, shape: tuple[int | None, ...], types: str) -> Array:
    """An .npy file of the sizes `shape` (None: any) and one of the kinds of `types` (of numpy). Raises ValueError."""
    found: Array = np.load(path, allow_pickle=False)
    fits = found.ndim == len(shape) and all(
        want is None or got == want for got, want in zip(found.shape, shape, strict=True)
    )
    if not fits or found.dtype.kind not in types:
        raise ValueError(f"the labels are {found.dtype} {found.shape}, expected {shape}")
    return found


def answers_of(predictions: Any, numbers: int) -> Array:
    """float32 (n, numbers). Raises ValueError."""
    return np.asarray(predictions, dtype=np.float32).reshape(len(predictions), numbers)
