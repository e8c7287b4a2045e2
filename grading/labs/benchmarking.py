"""Benchmarking feed-forward networks: a family by depth, width and size of the input, and the one that is worth its cost."""

from pathlib import Path

from grading.labs.data import DIGITS
from grading.labs.files import DEMO, copied, hidden_files

FAMILY = DEMO / "family"  # trained by python -m grading.demo.train_family


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(DIGITS, out)


def make_reference(out: Path) -> Path:
    """One hidden layer of 32 on the full picture: the knee of the family. The family itself is beside it, in `family`."""
    make_family(out)
    return copied(FAMILY / "mlp_d1_w32_8.onnx", out)


def make_family(out: Path) -> list[Path]:
    folder = out / "family"
    folder.mkdir(exist_ok=True)
    return [copied(path, folder) for path in sorted(FAMILY.glob("*.onnx"))]


def make_short(out: Path) -> Path:
    """Three hidden layers of 128: a little better, and eighteen times the multiply-accumulates."""
    return copied(FAMILY / "mlp_d3_w128_8.onnx", out)
