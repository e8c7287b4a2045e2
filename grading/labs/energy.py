"""Energy and carbon: what a thousand answers take of a charge, on a board whose power was metered, beside one where it was not."""

from pathlib import Path

from grading.labs.data import IMAGE_SET
from grading.labs.files import hidden_files, image_net, int8_file
from grading.labs.widening import widened

# Five times as wide is just large enough for what was measured on a Raspberry Pi 4; ten times answers the same for more.
ENOUGH, TOO_WIDE = 5, 10


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(IMAGE_SET, out)


def make_reference(out: Path) -> Path:
    return int8_file(widened(image_net(), ENOUGH), IMAGE_SET, out / "images-frugal.tflite", samples=64)


def make_short(out: Path) -> Path:
    return int8_file(widened(image_net(), TOO_WIDE), IMAGE_SET, out / "images-hungry.tflite", samples=64)
