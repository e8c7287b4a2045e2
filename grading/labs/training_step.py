"""Training step: a program that learns while it is measured. How much of the gradient is needed, and what a step keeps in memory for it."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from grading.demo.digits import write_hidden
from grading.labs.data import DIGITS
from grading.labs.step_file import Rule, export_step

SHAPE, BATCH, CHANNELS, SEED = (1, 8, 8), 32, 12, 3


def make_hidden(out: Path) -> tuple[Path, Path]:
    """The public part to train with, and behind it the hidden part, which is held out."""
    paths = out / "inputs.npy", out / "labels.npy"
    (inputs, labels), (held, held_labels) = DIGITS.public(), DIGITS.hidden()
    write_hidden((np.concatenate([inputs, held]), np.concatenate([labels, held_labels])), *paths)
    return paths


def make_reference(out: Path) -> Path:
    """The last layer alone learns, over a convolution that stays as it was drawn: no activation of it has to be kept."""
    return export_step(
        _net(), out / "digits-last-layer.pt2", shape=SHAPE, batch=BATCH, trained="last_layer", rule=Rule("momentum", rate=0.05)
    )  # fmt: skip


def make_short(out: Path) -> Path:
    """Biases alone: the gradient still goes back through every layer, and there is nothing that they could shift into place."""
    return export_step(
        _net(), out / "digits-biases.pt2", shape=SHAPE, batch=BATCH, trained="bias", rule=Rule("sgd", rate=0.01)
    )


def _net() -> nn.Module:
    torch.manual_seed(SEED)
    return nn.Sequential(
        Scaled(), nn.Conv2d(1, CHANNELS, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(CHANNELS * 16, 10)
    )  # fmt: skip


class Scaled(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """From 0 to 16, as the digits are stored, to 0 to 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / DIGITS.high
