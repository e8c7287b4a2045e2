"""Predictions in, quality out. Runs outside the sandbox; the labels never enter it. numpy only, no Django."""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Quality:
    """How good a classifier is on data it has not seen.

    accuracy: share of the n inputs whose highest score is the label's. low, high: Wilson 95 % interval of it.
    confusion[true][predicted]: counts. per_class: recall of each class. worst_pairs: the most frequent errors.
    """

    n: int
    correct: int
    accuracy: float
    low: float
    high: float
    classes: list[str]
    confusion: list[list[int]]
    per_class: list[float]
    worst_pairs: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def wilson(correct: int, n: int) -> tuple[float, float]:
    """The Wilson score interval at 95 % (Wilson 1927): sensible at 0 and at n, unlike the normal approximation."""
    if n == 0:
        return 0.0, 1.0
    p = correct / n
    centre = p + Z95**2 / (2 * n)
    spread = Z95 * sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    scale = 1 + Z95**2 / n
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def classification(scores: NDArray[np.float32], labels: NDArray[np.int64], classes: tuple[str, ...]) -> Quality:
    """Top-1 quality.

    Args:
        scores: (n, number of classes), any monotone score; ties go to the lower class, as argmax does.
        labels: (n,), 0 <= label < number of classes.

    Raises:
        ValueError: the shapes do not belong together.
    """
    if scores.shape != (len(labels), len(classes)):
        raise ValueError(f"scores are {scores.shape}, expected ({len(labels)}, {len(classes)})")
    predicted = scores.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    n, correct = len(labels), int(confusion.trace())
    low, high = wilson(correct, n)
    totals = confusion.sum(axis=1)
    recall = [float(confusion[i, i] / totals[i]) if totals[i] else 0.0 for i in range(len(classes))]
    return Quality(
        n=n, correct=correct, accuracy=correct / n if n else 0.0, low=low, high=high, classes=list(classes),
        confusion=confusion.tolist(), per_class=recall, worst_pairs=_worst_pairs(confusion, classes),
    )  # fmt: skip


def _worst_pairs(confusion: NDArray[np.int64], classes: tuple[str, ...], most: int = 3) -> list[dict[str, Any]]:
    errors = confusion.copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(errors, axis=None)[::-1][:most]
    pairs = [np.unravel_index(i, errors.shape) for i in order]
    return [{"true": classes[t], "predicted": classes[p], "count": int(errors[t, p])} for t, p in pairs if errors[t, p]]
