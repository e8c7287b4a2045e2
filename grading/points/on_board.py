"""What a board measured, in the place of what is modelled of it: points rest on the measured numbers, the modelled ones stay beside them. Pure."""

from collections.abc import Mapping
from typing import Any

from grading.bench.measurement import HostTiming
from grading.points.modelled import DIGITS, Modelled


def put_measured(found: Modelled, timing: HostTiming, board: Mapping[str, Any]) -> None:
    """Change `found` in place: latency and what follows from it, and energy where a sensor measured it.

    timing: of the windows on the board; its interval is that of their medians. board: {runner, energy_mj}.
    """
    runner, low, high = board["runner"], min(timing.medians_ms), max(timing.medians_ms)
    said = f"measured on {runner}: median of {timing.runs} inferences in {timing.processes} windows"
    _put(found, "latency_ms", timing.p50_ms, (low, high), said)
    if timing.p50_ms > 0 and low > 0:
        _put(found, "frames_per_second", 1000 / timing.p50_ms, (1000 / high, 1000 / low), said)
    energy_mj = board.get("energy_mj")
    if energy_mj:
        _put(found, "energy_mj", energy_mj, None, f"measured on {runner}, without what the idle board takes")


def _put(found: Modelled, metric: str, value: float, interval: tuple[float, float] | None, how: str) -> None:
    found.metrics[metric], found.how[metric] = _rounded(value), how
    found.left_open.pop(metric, None)
    found.intervals.pop(metric, None)
    if interval is not None:
        found.intervals[metric] = (_rounded(interval[0]), _rounded(interval[1]))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
