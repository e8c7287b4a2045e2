"""What the labs have in common: models that several of them hand in, and hidden sets as files."""

import shutil
from functools import cache
from pathlib import Path

import numpy as np

from grading.demo.digits import write_hidden
from grading.labs.data import DIGITS, IMAGE_CLASSES, IMAGE_SET, KEYWORD_CLASSES, KEYWORD_SET, LabData
from grading.labs.fitting import Way, fitted
from grading.labs.nets import Net, Plan, drawn, separable
from grading.labs.tflite_file import ranges_over, write_tflite

DEMO = Path(__file__).parents[1] / "demo" / "models"
SEED, SAMPLES = 1, 256
BY_HIDDEN_SET = {
    "labs-digits": DIGITS,
    "labs-digits-teacher": DIGITS,
    "labs-digits-training": DIGITS,
    "labs-images": IMAGE_SET,
    "labs-keywords": KEYWORD_SET,
}


def hidden_files(data: LabData, out: Path) -> tuple[Path, Path]:
    """inputs.npy and labels.npy in the folder `out`, as the page Hidden sets takes them. Raises OSError."""
    paths = out / "inputs.npy", out / "labels.npy"
    write_hidden(data.hidden(), *paths)
    return paths


def public_files(slug: str, out: Path) -> tuple[Path, Path]:
    """The public part that belongs to a hidden set. Raises OSError."""
    paths = out / "inputs.npy", out / "labels.npy"
    inputs, labels = BY_HIDDEN_SET[slug].public()
    np.save(paths[0], inputs, allow_pickle=False)
    np.save(paths[1], labels, allow_pickle=False)
    return paths


def copied(source: Path, out: Path) -> Path:
    return Path(shutil.copy(source, out / source.name))


@cache
def image_net() -> Net:
    """Half a million multiply-accumulates for pictures of 3 x 32 x 32: one dense layer at full size, then separable ones."""
    plans = [Plan("conv", 12), *separable(24, 2), *separable(32, 2), *separable(48)]
    return fitted(drawn((3, 32, 32), plans, len(IMAGE_CLASSES), SEED), *IMAGE_SET.public(), Way(epochs=12, rate=1e-2))


@cache
def keyword_net() -> Net:
    """A third of a million for spectrograms of 49 x 10, after the small models of Zhang et al. (2017), "Hello Edge"."""
    plans = [Plan("conv", 16, stride=2), *separable(24), *separable(24), *separable(32)]
    return fitted(
        drawn((1, 49, 10), plans, len(KEYWORD_CLASSES), SEED), *KEYWORD_SET.public(), Way(epochs=12, rate=1e-2)
    )


def int8_file(net: Net, data: LabData, target: Path, samples: int = SAMPLES) -> Path:
    """The network in whole numbers, its ranges seen over the first public inputs."""
    return write_tflite(net, target, ranges_over(net, data.public()[0][:samples], 0.0, data.high))
