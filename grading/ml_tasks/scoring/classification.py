"""Classification: accuracy, top-k accuracy, recall of each class, macro F1."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.classification import MATRIX, Options
from grading.ml_tasks.scoring.base import Array, Scored, Scorer, loaded
from grading.ml_tasks.scoring.intervals import ROUNDS, SEED, around, wilson

WORST = 3


class ClassificationScorer(Scorer):
    def read(self, labels: Path, options: Options, count: int) -> NDArray[np.int64]:
        return loaded(labels, (count,), "iu").astype(np.int64)

    def score(self, answers: Array, truth: NDArray[np.int64], options: Options) -> Scored:
        return classification(answers, truth, options)

    def right(self, answers: Array, truth: NDArray[np.int64], options: Options, scored: Scored) -> NDArray[np.bool_]:
        return answered(answers, truth)


SCORER = ClassificationScorer()


def answered(answers: Array, truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the highest score is that of the label; ties go to the lower class, as argmax does."""
    found: NDArray[np.bool_] = (
        answers.reshape(len(truth), -1).argmax(axis=1) == truth if len(truth) else np.zeros(0, bool)
    )
    return found


def classification(scores: Array, labels: NDArray[np.int64], options: Options) -> Scored:
    """Top-1, top-k and macro F1.

    quality: n, correct, accuracy, low, high (Wilson), classes, confusion[true][predicted] (empty with more than MATRIX classes), per_class
    (recall), macro_f1 with its interval, top_k_accuracy with its k, worst_pairs (the most frequent errors).

    Args:
        scores: (n, number of classes), any monotone score; ties go to the lower class.
        labels: (n,), 0 <= label < number of classes.

    Raises:
        ValueError: the shapes do not belong together.
    """
    classes = options.classes
    if scores.shape != (len(labels), len(classes)):
        raise ValueError(f"scores are {scores.shape}, expected ({len(labels)}, {len(classes)})")
    predicted, n = scores.argmax(axis=1), len(labels)
    correct = int((predicted == labels).sum())
    metrics = {"accuracy": correct / n if n else 0.0, "macro_f1": macro_f1(labels, predicted, np.ones((1, n)))[0]}
    intervals = {"accuracy": wilson(correct, n), "macro_f1": macro_f1_interval(labels, predicted, metrics["macro_f1"])}
    quality: dict[str, Any] = {
        "task": "classification", "n": n, "correct": correct, "accuracy": metrics["accuracy"], "low": intervals["accuracy"][0],
        "high": intervals["accuracy"][1], "classes": list(classes), "macro_f1": metrics["macro_f1"],
        "macro_f1_interval": list(intervals["macro_f1"]), **_confusion(labels, predicted, classes),
    }  # fmt: skip
    if len(classes) > options.top_k:
        among = int((places(scores, labels) < options.top_k).sum())
        metrics["top_k_accuracy"], intervals["top_k_accuracy"] = (among / n if n else 0.0), wilson(among, n)
        quality |= {
            "top_k": options.top_k,
            "top_k_accuracy": metrics["top_k_accuracy"],
            "top_k_interval": list(intervals["top_k_accuracy"]),
        }
    return Scored({name: float(value) for name, value in metrics.items()}, intervals, quality)


def places(scores: Array, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """At which place, from 0, the score of the label stands among those of its input; of equal ones the lower class comes first."""
    own = scores[np.arange(len(labels)), labels][:, None]
    before = np.arange(scores.shape[1])[None, :] < labels[:, None]
    found: NDArray[np.int64] = ((scores > own) | ((scores == own) & before)).sum(axis=1)
    return found


def _confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, Any]:
    size = len(classes)
    pairs, counts = np.unique(labels * size + predicted, return_counts=True)
    true, read = pairs // size, pairs % size
    totals, hits = np.bincount(labels, minlength=size), np.zeros(size)
    hits[true[true == read]] = counts[true == read]
    wrong = sorted((-int(count), int(t), int(p)) for t, p, count in zip(true, read, counts, strict=True) if t != p)
    matrix: list[list[int]] = []
    if size <= MATRIX:
        matrix = np.bincount(labels * size + predicted, minlength=size * size).reshape(size, size).tolist()
    return {
        "confusion": matrix,
        "per_class": np.divide(hits, totals, out=np.zeros(size), where=totals > 0).tolist(),
        "worst_pairs": [
            {"true": classes[t], "predicted": classes[p], "count": -count} for count, t, p in wrong[:WORST]
        ],
    }


def macro_f1(labels: Array, predicted: Array, weights: Array) -> Array:
    """The unweighted mean of F1 over the classes that occur in labels or answers, for each row of weights (rounds, n).

    F1 = 2 TP / (2 TP + FP + FN).
    """
    size = int(max(labels.max(initial=0), predicted.max(initial=0))) + 1
    found = np.empty(len(weights))
    hit = labels == predicted
    for place, weight in enumerate(weights):
        hits = np.bincount(labels[hit], weight[hit], size)
        both = np.bincount(labels, weight, size) + np.bincount(predicted, weight, size)
        occurs = both > 0
        found[place] = (2 * hits[occurs] / both[occurs]).mean() if occurs.any() else 0.0
    return found


def macro_f1_interval(labels: Array, predicted: Array, value: float) -> tuple[float, float]:
    """Bootstrapped over the inputs. What is drawn is how often each pair of class and answer comes, which is the same and quicker."""
    if not len(labels):
        return value, value
    size = int(max(labels.max(), predicted.max())) + 1
    pairs, counts = np.unique(labels * size + predicted, return_counts=True)
    drawn = np.random.default_rng([SEED, len(labels)]).multinomial(len(labels), counts / counts.sum(), ROUNDS)
    return around(macro_f1(pairs // size, pairs % size, drawn.astype(np.float64)), value)
