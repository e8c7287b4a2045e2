"""Keyword spotting in the manner of MLPerf Tiny, on generated spectrograms of the size that its reference model takes."""

from pathlib import Path

from grading.labs.data import KEYWORD_SET
from grading.labs.files import hidden_files, int8_file, keyword_net
from grading.labs.widening import widened

TIMES = 4


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(KEYWORD_SET, out)


def make_reference(out: Path) -> Path:
    return int8_file(keyword_net(), KEYWORD_SET, out / "keywords-small.tflite")


def make_short(out: Path) -> Path:
    """As accurate, and it costs more than the reference model of MLPerf Tiny."""
    return int8_file(widened(keyword_net(), TIMES), KEYWORD_SET, out / "keywords-wide.tflite")
