"""Deployment on a microcontroller: what TFLite Micro needs there in SRAM and flash, and why it has to be whole numbers."""

from pathlib import Path

from grading.labs.data import KEYWORD_SET
from grading.labs.files import hidden_files, int8_file, keyword_net
from grading.labs.tflite_file import write_tflite


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(KEYWORD_SET, out)


def make_reference(out: Path) -> Path:
    return int8_file(keyword_net(), KEYWORD_SET, out / "keywords-int8.tflite")


def make_short(out: Path) -> Path:
    """The same network in float32: as accurate, and the board does not compute in float32."""
    return write_tflite(keyword_net(), out / "keywords-float32.tflite")
