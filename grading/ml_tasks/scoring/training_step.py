"""A training step: accuracy and cross-entropy of held-out inputs, before and after the training, and after one with shuffled labels."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.scoring.base import Array, Scored, Scorer, loaded
from grading.ml_tasks.scoring.classification import answered
from grading.ml_tasks.scoring.distillation import log_softmax
from grading.ml_tasks.scoring.intervals import ratio_interval, wilson
from grading.ml_tasks.training_step import Options

Labels = NDArray[np.int64]


class TrainingStepScorer(Scorer):
    def read(self, labels: Path, options: Options, count: int) -> Labels:
        return loaded(labels, (count,), "iu").astype(np.int64)

    def score(self, answers: Array, truth: Labels, options: Options) -> Scored:
        """Of what the program answers after the training; `with_training` adds the rest."""
        if answers.shape != (len(truth), len(options.classes)):
            raise ValueError(f"scores are {answers.shape}, expected ({len(truth)}, {len(options.classes)})")
        n, correct, apart = len(truth), int(answered(answers, truth).sum()), losses(answers, truth)
        metrics = {"accuracy": correct / n, "heldout_loss": float(apart.mean())}
        intervals = {"accuracy": wilson(correct, n), "heldout_loss": ratio_interval(apart)}
        quality = {
            "task": "training_step", "n": n, "correct": correct, "classes": list(options.classes), "low": intervals["accuracy"][0],
            "high": intervals["accuracy"][1], "heldout_loss_interval": list(intervals["heldout_loss"]),
            "is_constant": len(np.unique(answers.argmax(axis=1))) == 1,
        }  # fmt: skip
        return Scored(metrics, intervals, quality | metrics)

    def right(self, answers: Array, truth: Labels, options: Options, scored: Scored) -> NDArray[np.bool_]:
        return answered(answers, truth)


SCORER = TrainingStepScorer()


def losses(answers: Array, truth: Labels) -> Array:
    """Cross-entropy of each input in nats; answers are logits."""
    found: Array = -log_softmax(answers.astype(np.float64))[np.arange(len(truth)), truth]
    return found


def with_training(
    after: Scored, answers: dict[str, Array], truth: Labels, facts: dict[str, Any]
) -> Scored:  # fmt: skip
    """The score with all that the training tells.

    answers: {before, after, shuffled}, float32 (n, classes). facts: grading/bench/training_run.py Trained.facts.
    """
    right = {state: answered(rows, truth) for state, rows in answers.items()}
    gained = right["after"].astype(float) - right["before"].astype(float)
    metrics = {"accuracy_gain": float(gained.mean()), "step_peak_bytes": float(facts["peak_bytes"])}
    intervals = {"accuracy_gain": ratio_interval(gained)}
    more = {
        "before_accuracy": float(right["before"].mean()), "before_loss": float(losses(answers["before"], truth).mean()),
        "shuffled_accuracy": float(right["shuffled"].mean()), "accuracy_gain_interval": list(intervals["accuracy_gain"]), **facts,
    }  # fmt: skip
    return Scored(after.metrics | metrics, after.intervals | intervals, after.quality | metrics | more)
