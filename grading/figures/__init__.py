"""The figures of the result page, in their order. What each is, stands in its module."""

from collections.abc import Callable

from grading.figures.accuracy import accuracy
from grading.figures.base import Figure, Given
from grading.figures.devices import devices
from grading.figures.latency import latency
from grading.figures.layers import layers
from grading.figures.memory import memory

__all__ = ["FIGURES", "Figure", "Given"]

FIGURES: dict[str, Callable[[Given], Figure]] = {
    "latency": latency,
    "layers": layers,
    "memory": memory,
    "accuracy": accuracy,
    "devices": devices,
}
