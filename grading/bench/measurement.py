"""What one measuring of a model on this machine gave."""

from dataclasses import asdict, dataclass, field
from typing import Any

from grading.bench.signs import Signs


@dataclass(frozen=True)
class HostTiming:
    """Wall-clock times of single inferences on the host: shown, never graded.

    Percentiles are over the timed runs of all processes, which ``runs`` counts. ``first_ms``: the first ten
    inferences of the first process, in order. ``samples_ms``: at most 200 of the timed runs, evenly chosen.
    ``medians_ms``: of each process, in the order in which they ran. ``isolation``: name of the sandbox.
    """

    p50_ms: float
    p90_ms: float
    p99_ms: float
    runs: int
    first_ms: list[float]
    samples_ms: list[float]
    medians_ms: list[float]
    processes: int
    peak_rss_bytes: int
    isolation: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """The percentiles and how many runs they rest on, as ``manage.py bench`` prints them."""
        return {"p50_ms": self.p50_ms, "p90_ms": self.p90_ms, "p99_ms": self.p99_ms, "runs": self.runs}


@dataclass(frozen=True)
class Measurement:
    """Times, predictions and circumstances of one model.

    ``predictions[i]`` is the model's first output for the i-th input of the file, flattened; empty where no inputs
    were given. ``environment``: python, runtime, runtime_version, cpu, threads. ``findings``: {code, sentence}, such
    as a quantised input. ``signs``: how the times look from outside.
    """

    host: HostTiming
    predictions: list[list[float]]
    environment: dict[str, Any]
    findings: list[dict[str, str]]
    signs: Signs = field(default_factory=Signs)
