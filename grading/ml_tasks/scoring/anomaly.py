"""One score an input: area under the ROC curve (Hanley and McNeil 1982) and average precision."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.anomaly import Options
from grading.ml_tasks.scoring.base import Array, Scored, Scorer, loaded
from grading.ml_tasks.scoring.intervals import around, resampled

DRAWN = 200  # points of the curve that a result keeps


class AnomalyScorer(Scorer):
    right_means = (
        "An answer is right where the score lies on the label's side of the threshold that parts the whole set best."
    )

    def read(self, labels: Path, options: Options, count: int) -> NDArray[np.int64]:
        found = loaded(labels, (count,), "iu").astype(np.int64)
        if set(np.unique(found)) != {0, 1}:
            raise ValueError("the labels are not 0 and 1")
        return found

    def score(self, answers: Array, truth: NDArray[np.int64], options: Options) -> Scored:
        return anomaly(answers.reshape(-1), truth, options)

    def right(self, answers: Array, truth: NDArray[np.int64], options: Options, scored: Scored) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (answers.reshape(-1) >= scored.quality["best"]["threshold"]) == truth.astype(
            np.bool_
        )
        return found


SCORER = AnomalyScorer()


class Ranked:
    """Inputs by falling score, in groups of equal ones: every curve goes from group to group."""

    def __init__(self, scores: Array, truth: NDArray[np.int64]) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered = scores[self.order]
        self.begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self.thresholds = ordered[self.begins]
        self.positive = truth[self.order] == 1

    def groups(self, weights: Array) -> tuple[Array, Array]:
        """Weight of those with label 1 and with label 0 in each group: (rounds, groups) each. weights: (rounds, n)."""
        ordered = weights[:, self.order]
        return (
            np.add.reduceat(ordered * self.positive, self.begins, axis=1),
            np.add.reduceat(ordered * ~self.positive, self.begins, axis=1),
        )


def roc_auc(positive: Array, negative: Array) -> Array:
    """The share of pairs in which the one with label 1 scores higher, equal scores half. Of groups by falling score, for each round."""
    below = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1)
    won = (positive * (below + 0.5 * negative)).sum(axis=1)
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    found: Array = np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)
    return found


def average_precision(positive: Array, negative: Array) -> Array:
    """The sum of precision times the step of recall, without interpolation, as scikit-learn counts it."""
    right = np.cumsum(positive, axis=1)
    every = np.cumsum(positive + negative, axis=1)
    precision = np.divide(right, every, out=np.zeros_like(right), where=every > 0)
    total = right[:, -1]
    found: Array = np.divide(
        (precision * positive).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0
    )
    return found


def anomaly(scores: Array, truth: NDArray[np.int64], options: Options) -> Scored:
    """AUC and average precision of one score for each input. scores, truth: (n,), truth 0 or 1, both there. Raises ValueError."""
    if scores.shape != truth.shape:
        raise ValueError(f"{scores.shape} scores for {truth.shape} labels")
    ranked = Ranked(scores, truth)
    groups = ranked.groups(np.ones((1, len(truth))))
    ways = {"roc_auc": roc_auc, "average_precision": average_precision}
    metrics = {name: float(way(*groups)[0]) for name, way in ways.items()}
    drawn = [[way(*ranked.groups(weights)) for way in ways.values()] for weights in resampled(len(truth))]
    intervals = {
        name: around(np.concatenate([found[place] for found in drawn]), metrics[name])
        for place, name in enumerate(ways)
    }
    quality: dict[str, Any] = {
        "task": "anomaly", "n": len(truth), "positives": int(truth.sum()), "positive": options.positive, "negative": options.negative,
        **metrics, **{f"{name}_interval": list(ends) for name, ends in intervals.items()}, **_curve(ranked, groups),
    }  # fmt: skip
    return Scored(metrics, intervals, quality)


def _curve(ranked: Ranked, groups: tuple[Array, Array]) -> dict[str, Any]:
    """The ROC curve as (false positive rate, true positive rate), and the point with the largest difference of both (Youden 1950).

    Without the thresholds along it: each is the score of one hidden input, and the step beside it is that input's label. Who let a
    model give a fingerprint as its score would read the labels there, and hand in a model that knows them.
    """
    true, false = (np.cumsum(group[0]) / group[0].sum() for group in groups)
    best = int((true - false).argmax())
    kept = sorted({*np.linspace(0, len(true) - 1, min(DRAWN, len(true))).round().astype(int).tolist(), best})
    points = [
        [0.0, 0.0],
        *([float(false[n]), float(true[n])] for n in kept),
    ]  # where the curve begins, nothing is found
    return {
        "roc": points,
        "best": {
            "threshold": float(ranked.thresholds[best]), "false_positive_rate": float(false[best]), "true_positive_rate": float(true[best]),
        },
    }  # fmt: skip
