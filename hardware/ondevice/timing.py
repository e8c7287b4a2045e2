"""The latency scenario: one inference after the other, warm-up kept, until enough runs and enough time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_RUNS = 10


@dataclass(frozen=True)
class Scenario:
    """Timed runs go on until there are ``min_runs`` and ``min_s`` has passed, or until a cap is reached."""

    min_runs: int = 50
    min_s: float = 0.3
    max_runs: int = 2000
    max_s: float = 10.0


@dataclass(frozen=True)
class Latency:
    """``first_ms`` are the first ten inferences of the process in order, ``samples_ms`` all timed ones after them."""

    first_ms: list[float]
    samples_ms: list[float]


def measure(infer: Callable[[], object], scenario: Scenario, progress: Callable[[int, int], None]) -> Latency:
    """Time ``infer``, which does one whole inference. ``progress`` is told (runs done, runs at least)."""
    started = time.perf_counter()
    first_ms: list[float] = []
    while len(first_ms) < FIRST_RUNS and time.perf_counter() - started < scenario.max_s:
        first_ms.append(_once(infer))
    samples_ms: list[float] = []
    gc.collect()
    gc.disable()  # a collection in the middle of a run is no property of the model
    started = time.perf_counter()
    try:
        while not _enough(len(samples_ms), time.perf_counter() - started, scenario):
            samples_ms.append(_once(infer))
            progress(min(len(samples_ms), scenario.min_runs), scenario.min_runs)
    finally:
        gc.enable()
    return Latency(first_ms, samples_ms)


def _enough(runs: int, elapsed_s: float, scenario: Scenario) -> bool:
    if runs == 0:
        return False
    if runs >= scenario.max_runs or elapsed_s >= scenario.max_s:
        return True
    return runs >= scenario.min_runs and elapsed_s >= scenario.min_s


def _once(infer: Callable[[], object]) -> float:
    begun = time.perf_counter_ns()
    infer()
    return (time.perf_counter_ns() - begun) / 1e6


def repeat(infer: Callable[[], object], seconds: float) -> tuple[int, float]:
    """One inference after the other for so long, for whoever reads a power meter meanwhile. (inferences, seconds)."""
    count, started = 0, time.perf_counter()
    while True:
        infer()
        count += 1
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            return count, elapsed
