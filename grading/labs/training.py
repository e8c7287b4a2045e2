"""Training benchmark: what one update step takes of memory, and why it is so much more than an inference."""

from pathlib import Path

from grading.labs.data import DIGITS
from grading.labs.files import DEMO, copied, hidden_files


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(DIGITS, out)


def make_reference(out: Path) -> Path:
    """The middle classifier of digits: a batch of 32 just fits the microcontroller, gradients and momentum included."""
    return copied(DEMO / "digits-middle.onnx", out)


def make_short(out: Path) -> Path:
    """The wide one: a little more accurate, and what it keeps for the backward pass is four times as much."""
    return copied(DEMO / "digits-wide.onnx", out)
