"""Quantization: eight bits in the file and in the arithmetic, and what the ranges of the activations are worth."""

from pathlib import Path

from grading.labs.data import DIGITS
from grading.labs.files import DEMO, hidden_files, int8_file
from grading.labs.nets import Net, digits_net
from grading.labs.tflite_file import ranges_over, write_tflite


def float_net() -> Net:
    """What is quantized: the middle classifier of digits of the demo."""
    return digits_net(DEMO / "digits-middle.onnx")


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(DIGITS, out)


def make_reference(out: Path) -> Path:
    return int8_file(float_net(), DIGITS, out / "digits-int8.tflite")


def make_short(out: Path) -> Path:
    """Calibrated on pictures that were divided by 16 once too often: every activation is cut off at a sixteenth of its range."""
    samples = DIGITS.public()[0][:64] / DIGITS.high
    return write_tflite(
        float_net(), out / "digits-int8-miscalibrated.tflite", ranges_over(float_net(), samples, 0.0, DIGITS.high)
    )
