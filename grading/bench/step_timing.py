"""A training step without a lab: called with made-up batches and labels, to see that it runs and how long it takes."""

import tempfile
from math import prod
from pathlib import Path

import numpy as np

from grading.bench.errors import BenchError
from grading.bench.report import Report
from grading.bench.training_run import Given, Trained, train
from hardware.ondevice.sandbox.request import Limits, Sandbox

STEPS, SEED = 60, 0
SIGNATURE = "A training step takes a batch of inputs and their labels, and answers its loss and one row of scores for each input."


def timed(path: Path, report: Report, *, sandbox: Sandbox, limits: Limits | None = None) -> Trained:
    """Raises BenchError; `not_a_step` where it does not take a batch and labels, or does not answer loss and scores."""
    if not is_step(report):
        raise BenchError("not_a_step", f"This program changes what it keeps, and is no training step. {SIGNATURE}")
    (batch, *shape), classes = report.inputs[0].shape, report.outputs[1].shape[1]
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory(prefix="milliamp-step-") as folder:
        x, y = Path(folder) / "x.npy", Path(folder) / "y.npy"
        drawn = (
            rng.random((batch, *shape))
            if report.inputs[0].dtype == "float32"
            else rng.integers(0, 100, (batch, *shape))
        )
        np.save(x, drawn.astype(report.inputs[0].dtype), allow_pickle=False)
        np.save(y, rng.integers(0, classes, batch), allow_pickle=False)
        return train(path, report, Given(x, y, None, STEPS, classes), sandbox=sandbox, limits=limits)


def is_step(report: Report) -> bool:
    """Whether a report has the two inputs and the two outputs of a training step."""
    if len(report.inputs) != 2 or len(report.outputs) != 2:
        return False
    (x, y), (loss, scores) = report.inputs, report.outputs
    fits_in = (
        len(x.shape) > 1
        and tuple(y.shape) == x.shape[:1]
        and y.dtype == "int64"
        and x.dtype in ("float32", "uint8", "int8")
    )
    return fits_in and prod(loss.shape) == 1 and len(scores.shape) == 2 and scores.shape[0] == x.shape[0]
