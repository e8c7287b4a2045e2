"""Distillation: a small network that answers as a large one does, where both are right and where both are wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grading.demo.digits import write_hidden
from grading.labs.data import DIGITS
from grading.labs.fitting import SEED, Teacher, Way, fitted
from grading.labs.nets import Array, Net, scores
from grading.labs.onnx_file import write_onnx
from grading.labs.pruning import dense_net, without_channels

CHANNELS, EPOCHS, FEW, FEW_EPOCHS = (6, 8), 40, 150, 30


def teacher_net() -> Net:
    """The wide classifier of digits of the demo."""
    return dense_net()


def logits(inputs: Array) -> Array:
    found: Array = scores(teacher_net(), inputs).numpy()
    return found


def make_hidden(out: Path) -> tuple[Path, Path]:
    """Labels float32 (n, 11): the true class, then the teacher's logits."""
    inputs, labels = DIGITS.hidden()
    paths = out / "inputs.npy", out / "labels.npy"
    told = np.column_stack([labels, logits(inputs)]).astype(np.float32)
    write_hidden((inputs, told), *paths)  # type: ignore[arg-type]
    return paths


def make_reference(out: Path) -> Path:
    """A seventh of the teacher's multiply-accumulates, trained on its logits."""
    inputs, labels = DIGITS.public()
    pupil = fitted(_small(), inputs, labels, Way(EPOCHS, high=DIGITS.high), teacher=Teacher(logits(inputs)))
    return write_onnx(pupil, out / "digits-pupil.onnx")


def make_short(out: Path) -> Path:
    """The same network, trained on the labels of a tenth of the pictures: it never heard the teacher."""
    inputs, labels = DIGITS.public()
    return write_onnx(
        fitted(_small(), inputs[:FEW], labels[:FEW], Way(FEW_EPOCHS, high=DIGITS.high)), out / "digits-alone.onnx"
    )


def _small() -> Net:
    """The shape of the teacher with fewer channels, and weights of its own."""
    net, rng = without_channels(teacher_net(), *CHANNELS), np.random.default_rng(SEED)
    layers = [
        replace(layer, weight=_drawn(rng, layer.weight), bias=np.zeros(layer.shape[0], np.float32)) if layer.weight is not None else layer
        for layer in net.layers
    ]  # fmt: skip
    first = layers[0]
    assert first.weight is not None
    return replace(net, layers=(replace(first, weight=first.weight / np.float32(DIGITS.high)), *layers[1:]))


def _drawn(rng: np.random.Generator, like: NDArray[np.float32]) -> Array:
    return rng.normal(0, np.sqrt(2 / np.prod(like.shape[1:])), like.shape).astype(np.float32)
