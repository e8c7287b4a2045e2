"""Distillation: agreement with a teacher, accuracy, and the Kullback-Leibler divergence from the teacher (Hinton et al. 2015)."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.distillation import Options
from grading.ml_tasks.scoring.base import Array, Scored, Scorer, at
from grading.ml_tasks.scoring.intervals import ratio_interval, wilson

LEAST = 1e-7  # a probability of 0, where a model gives probabilities: about what float32 tells from 1


class Truth(NamedTuple):
    """labels, teacher: (n,) classes. logits: (n, classes), None where the teacher's are not known."""

    labels: NDArray[np.int64]
    teacher: NDArray[np.int64]
    logits: Array | None


class DistillationScorer(Scorer):
    right_means = "An answer is right where it is the teacher's."

    def read(self, labels: Path, options: Options, count: int) -> Truth:
        found: Array = np.load(labels, allow_pickle=False)
        width = 1 + len(options.classes) if found.dtype.kind == "f" else 2
        if found.shape != (count, width) or found.dtype.kind not in "if":
            raise ValueError(f"the labels are {found.dtype} {found.shape}, expected ({count}, {width})")
        if found.dtype.kind == "i":
            return Truth(found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), None)
        logits = found[:, 1:].astype(np.float64)
        return Truth(found[:, 0].astype(np.int64), logits.argmax(axis=1), logits)

    def at(self, truth: Truth, places: tuple[int, ...]) -> Truth:
        logits = None if truth.logits is None else at(truth.logits, places)
        return Truth(at(truth.labels, places), at(truth.teacher, places), logits)

    def score(self, answers: Array, truth: Truth, options: Options) -> Scored:
        return distillation(answers, truth, options)

    def right(self, answers: Array, truth: Truth, options: Options, scored: Scored) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = answers.argmax(axis=1) == truth.teacher if len(answers) else np.zeros(0, bool)
        return found


SCORER = DistillationScorer()


def log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def divergence(answers: Array, logits: Array, outputs: str) -> Array:
    """KL(teacher || model) of each input in nats, at temperature 1: sum of p log(p / q)."""
    teacher, given = log_softmax(logits), answers.astype(np.float64)
    if outputs == "logits":
        model = log_softmax(given)
    else:
        kept = np.clip(given, LEAST, None)
        model = np.log(kept / kept.sum(axis=1, keepdims=True))
    found: Array = (np.exp(teacher) * (teacher - model)).sum(axis=1)
    return found


def distillation(answers: Array, truth: Truth, options: Options) -> Scored:
    """answers: (n, classes). Raises ValueError where the shapes do not belong together.

    quality holds also what families of variants are drawn from: n, correct, accuracy, low, high.
    """
    n = len(truth.labels)
    if answers.shape != (n, len(options.classes)):
        raise ValueError(f"answers are {answers.shape}, expected ({n}, {len(options.classes)})")
    said = answers.argmax(axis=1)
    as_teacher, right, taught = said == truth.teacher, said == truth.labels, truth.teacher == truth.labels
    agreed, correct = int(as_teacher.sum()), int(right.sum())
    metrics = {"agreement": agreed / n, "accuracy": correct / n}
    intervals = {"agreement": wilson(agreed, n), "accuracy": wilson(correct, n)}
    quality: dict[str, Any] = {
        "task": "distillation", "n": n, "agreed": agreed, "correct": correct, "classes": list(options.classes),
        "both_right": int((right & taught).sum()), "same_error": int((as_teacher & ~right).sum()),
        "only_teacher": int((taught & ~right).sum()), "only_model": int((right & ~taught).sum()),
        "other_error": int((~right & ~taught & ~as_teacher).sum()), "low": intervals["accuracy"][0], "high": intervals["accuracy"][1],
    }  # fmt: skip
    if truth.logits is not None:
        apart = divergence(answers, truth.logits, options.outputs)
        metrics["kl_divergence"], intervals["kl_divergence"] = float(apart.mean()), ratio_interval(apart)
    ends = {f"{name}_interval": list(interval) for name, interval in intervals.items() if name != "accuracy"}
    return Scored(metrics, intervals, quality | metrics | ends)
