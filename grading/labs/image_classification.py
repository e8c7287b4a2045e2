"""Image classification in the manner of MLPerf Tiny, on generated pictures of the size that its reference model takes."""

from pathlib import Path

from grading.labs.data import IMAGE_SET
from grading.labs.files import hidden_files, image_net, int8_file
from grading.labs.widening import widened

TIMES = 8


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(IMAGE_SET, out)


def make_reference(out: Path) -> Path:
    return int8_file(image_net(), IMAGE_SET, out / "images-small.tflite")


def make_short(out: Path) -> Path:
    """As accurate, and it costs more than half of the reference model of MLPerf Tiny."""
    return int8_file(widened(image_net(), TIMES), IMAGE_SET, out / "images-wide.tflite", samples=64)
