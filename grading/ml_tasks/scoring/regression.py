"""Regression and reconstruction: mean squared error, mean absolute error, and R², over all targets together."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.regression import Options
from grading.ml_tasks.scoring.base import Array, Inputs, Scored, Scorer, loaded
from grading.ml_tasks.scoring.intervals import ROUNDS, around, ratio_interval, resampled

BINS, LISTED = 30, 50
NEAR = 0.5  # of the spread of the targets
MOST_SUMS, LEAST_ROUNDS = 2_000_000_000, 200  # products that the interval of R² may take


class RegressionScorer(Scorer):
    right_means = "An answer is right where its error is at most half the standard deviation of all targets."

    def read(self, labels: Path, options: Options, count: int) -> Array:
        found: Array = np.load(labels, mmap_mode="r", allow_pickle=False)
        width = len(options.targets)
        shape = (count,) if found.ndim == 1 and width == 1 else (count, width)
        return loaded(labels, shape, "f").reshape(count, width)

    def truth(self, labels: Path | None, inputs: Inputs, options: Options) -> tuple[Any, Any]:
        """Where the input is the target, a changed copy is that of itself."""
        if not options.is_input:
            return super().truth(labels, inputs, options)
        given: Array = np.load(inputs.path, allow_pickle=False)
        flat = given.reshape(len(given), -1).astype(np.float32)
        return flat[: inputs.count], flat[inputs.count :]

    def score(self, answers: Array, truth: Array, options: Options) -> Scored:
        return regression(answers, truth, options)

    def right(self, answers: Array, truth: Array, options: Options, scored: Scored) -> NDArray[np.bool_]:
        error = np.sqrt(np.square(answers.astype(np.float64) - truth).mean(axis=1)) if len(truth) else np.zeros(0)
        found: NDArray[np.bool_] = error <= NEAR * np.sqrt(scored.quality["baseline_mse"])
        return found


SCORER = RegressionScorer()


def regression(answers: Array, truth: Array, options: Options) -> Scored:
    """Errors over all inputs and targets. answers, truth: (n, targets). Raises ValueError.

    R² = 1 - sum of squared errors / sum of squares around the mean of each target, both over all targets (scikit-learn's
    `variance_weighted`); 0 where the targets never change and are not met.
    """
    if answers.shape != truth.shape:
        raise ValueError(f"answers are {answers.shape}, targets {truth.shape}")
    wanted, error = truth.astype(np.float64), answers.astype(np.float64) - truth
    squared, absolute = np.square(error).mean(axis=1), np.abs(error).mean(axis=1)
    baseline = float(np.square(wanted - wanted.mean(axis=0)).mean())
    metrics = {"mse": float(squared.mean()), "mae": float(absolute.mean()), "r2": _r2(float(squared.mean()), baseline)}
    intervals = {
        "mse": ratio_interval(squared), "mae": ratio_interval(absolute), "r2": r2_interval(squared, wanted, metrics["r2"]),
    }  # fmt: skip
    is_signed = truth.shape[1] == 1
    counts, edges = _histogram(error[:, 0]) if is_signed else _histogram(np.sqrt(squared), least=0.0)
    names = options.targets[:LISTED]
    quality: dict[str, Any] = {
        "task": "regression", "n": len(truth), "is_input": options.is_input, "is_signed": is_signed, "bias": float(error.mean()),
        "baseline_mse": baseline, **metrics, **{f"{name}_interval": list(ends) for name, ends in intervals.items()},
        "counts": counts.tolist(), "edges": edges.tolist(),
        "targets": [{"name": name, "mse": float(np.square(error[:, n]).mean())} for n, name in enumerate(names)],
    }  # fmt: skip
    return Scored(metrics, intervals, quality)


def _histogram(errors: Array, least: float | None = None) -> tuple[Array, Array]:
    """Counts and edges of BINS bins from the least error, or from `least`, to the largest. Finite errors, however large, have bins."""
    low, high = float(errors.min()) if least is None else least, float(errors.max())
    room = 1e-6 * max(abs(low), abs(high))  # bins that are narrower would have no numbers between their edges
    if high - low <= room:
        low, high = (low - (room or 0.5) if least is None else low), high + (room or 0.5)
    counts, edges = np.histogram(errors, bins=BINS, range=(low, high))
    return counts, edges


def _r2(mse: float, baseline: float) -> float:
    return 1 - mse / baseline if baseline else float(mse == 0)


def r2_interval(squared: Array, wanted: Array, value: float) -> tuple[float, float]:
    """Bootstrapped: also the mean that it is compared with is that of the inputs drawn."""
    count, width = wanted.shape
    rounds = int(np.clip(MOST_SUMS // (count * width), LEAST_ROUNDS, ROUNDS))
    centred = wanted - wanted.mean(axis=0)  # the same answer, and no sum of squares that loses its last digits
    squares = np.square(centred).mean(axis=1)
    found = []
    for weights in resampled(count, rounds):
        means = weights @ centred / count
        around_mean = weights @ squares / count - np.square(means).mean(axis=1)
        errors = weights @ squared / count
        found.append(np.divide(errors, around_mean, out=np.full(len(weights), np.nan), where=around_mean > 0))
    return around(1 - np.concatenate(found), value)
