"""Architecture search: the best accuracy that fits a microcontroller with 320 KB of SRAM and 1 MB of flash."""

from pathlib import Path

from grading.labs.data import IMAGE_SET
from grading.labs.files import hidden_files, image_net, int8_file
from grading.labs.widening import widened

TIMES = 24  # 288 channels at 32 x 32: 288 KiB for one tensor


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(IMAGE_SET, out)


def make_reference(out: Path) -> Path:
    return int8_file(image_net(), IMAGE_SET, out / "search-small.tflite")


def make_short(out: Path) -> Path:
    """Small in flash, and its first layers are so wide at full size that their activations do not fit the SRAM."""
    return int8_file(widened(image_net(), TIMES, until=2), IMAGE_SET, out / "search-wide-start.tflite", samples=64)
