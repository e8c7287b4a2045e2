"""What the times of one measuring look like from outside its sandbox, for grading/bench/suspicions.py.

The clock of this module is our own: the process that runs the model cannot reach it.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hardware.ondevice.pairs import MOST_PAIRS
from hardware.ondevice.sandbox.request import SandboxResult


@dataclass
class Stamps:
    """When the frames of one process arrived, in seconds of our clock; the first of each kind."""

    at: dict[str, float] = field(default_factory=dict)

    def take(self, kind: str) -> None:
        self.at.setdefault(kind, time.monotonic())

    def between(self, first: str, then: str) -> float | None:
        """Seconds; None where one of them never came."""
        return self.at[then] - self.at[first] if first in self.at and then in self.at else None


@dataclass(frozen=True)
class ProcessSigns:
    """One process. cpu_s, wall_s: of its whole life. timing_said_s: the sum of the times that it reported; timing_wall_s: how long that
    took by our clock, None where that cannot be told."""

    cpu_s: float
    wall_s: float
    timing_said_s: float
    timing_wall_s: float | None


@dataclass(frozen=True)
class Signs:
    """same_ms, unique_ms: see hardware/ondevice/pairs.py; empty where no inputs were given."""

    processes: tuple[ProcessSigns, ...] = ()
    same_ms: tuple[float, ...] = ()
    unique_ms: tuple[float, ...] = ()


def signs_of(results: Sequence[SandboxResult], stamps: Sequence[Stamps]) -> Signs:
    """results, stamps: of the same processes, in their order. What does not hold together is left out: it only serves to look closer."""
    same, unique = _pairs(results[-1])
    rows = [_of_one(result, stamp) for result, stamp in zip(results, stamps, strict=True)]
    return Signs(tuple(rows), same, unique)


def _of_one(result: SandboxResult, stamps: Stamps) -> ProcessSigns:
    latency = next((body for kind, body in result.frames if kind == "latency"), {})
    said = sum(_numbers(latency.get("first_ms"))) + sum(_numbers(latency.get("samples_ms")))
    return ProcessSigns(result.cpu_s, result.wall_s, said / 1000, stamps.between("model", "latency"))


def _pairs(result: SandboxResult) -> tuple[tuple[float, ...], tuple[float, ...]]:
    body = next((body for kind, body in result.frames if kind == "pairs"), {})
    same, unique = _numbers(body.get("same_ms")), _numbers(body.get("unique_ms"))
    return (same, unique) if len(same) == len(unique) <= MOST_PAIRS else ((), ())


def _numbers(values: Any) -> tuple[float, ...]:
    found = values if isinstance(values, list) else []
    return tuple(float(one) for one in found if type(one) in {int, float} and math.isfinite(one) and one >= 0)
