"""What a board measured of a model, read out of a stored result. Pure; what an older result or a simpler board does not say is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeGuard

from courseplatform.core import numbers
from grading.asks.on_board import measured_board

Json = dict[str, Any]
THROTTLED = 3  # places in a sample: seconds, temperature, clock, throttled, power


@dataclass(frozen=True)
class Measured:
    """A run on a board of the lab's device.

    latency_ms: median of all timed inferences; interval_ms: from the fastest window's median to the slowest's. runs: inferences. medians_ms: of the
    windows. windows: {p50_ms, p90_ms, p99_ms, first_ms} of each, where the result says so. samples: (seconds, temperature, clock in MHz, throttled,
    power in W), each but the first may be None. energy_mj: of one inference without what the idle board takes, by a sensor or a meter that counts;
    energy: all that a sensor said of it.
    kept: the document itself, for what is only told.
    """

    runner: str
    latency_ms: float
    interval_ms: tuple[float, float]
    runs: int
    medians_ms: tuple[float, ...]
    windows: tuple[Json, ...] = ()
    samples: tuple[tuple[Any, ...], ...] = ()
    energy_mj: float | None = None
    energy: Json = field(default_factory=dict)
    bracket: Json = field(default_factory=dict)
    kept: Json = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"measured on {self.runner}"

    @property
    def is_throttled(self) -> bool:
        return self.kept.get("thermal") == "throttled" or any(row[THROTTLED] for row in self.samples)

    def series(self, place: int) -> list[tuple[float, float]]:
        """(seconds, value) of one column of the samples, where there is a value."""
        return [(float(row[0]), float(row[place])) for row in self.samples if _is_number(row[place])]

    @property
    def clock_mhz(self) -> tuple[float, float] | None:
        """Least and most while it ran."""
        said = self.kept.get("clock_mhz")
        if isinstance(said, Mapping) and _is_number(said.get("least")) and _is_number(said.get("most")):
            return float(said["least"]), float(said["most"])
        clocks = [value for _, value in self.series(2)]
        return (min(clocks), max(clocks)) if clocks else None


def measured_of(environment: Mapping[str, Any], device: str) -> Measured | None:
    """None where no board of this device measured."""
    board = measured_board(environment, device)
    if board is None or not _is_number(board.get("p50_ms")) or not board.get("medians_ms"):
        return None
    medians = tuple(float(value) for value in board["medians_ms"])
    return Measured(
        runner=str(board.get("runner") or "a board"), latency_ms=float(board["p50_ms"]), interval_ms=(min(medians), max(medians)),
        runs=int(board.get("runs") or 0), medians_ms=medians, windows=tuple(_rows(board.get("windows"), Mapping)),
        samples=tuple(tuple(row) for row in _rows(board.get("samples"), list) if len(row) >= 5 and _is_number(row[0])),
        energy_mj=number_of(board, "energy_mj") or _read_mj(board.get("reading")),
        energy=_held(board.get("energy")), bracket=_held(board.get("bracket")), kept=dict(board),
    )  # fmt: skip


def _read_mj(reading: Any) -> float | None:
    """What the team read from its own meter, once it counts (grading/meters/)."""
    return (
        number_of(reading, "energy_mj_above_idle") if isinstance(reading, Mapping) and reading.get("counts") else None
    )


def _rows(found: Any, kind: type) -> list[Any]:
    return [row for row in found if isinstance(row, kind)] if isinstance(found, list) else []


def _held(found: Any) -> Json:
    return dict(found) if isinstance(found, Mapping) else {}


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_of(found: Mapping[str, Any], key: str) -> float | None:
    value = found.get(key)
    return float(value) if _is_number(value) else None


def both_of(result: Mapping[str, Any], device: str) -> Json:
    """Metric -> {measured, modelled, host}, each {value, from, to, ...} where it is known: for files of a result. Empty where no board measured."""
    environment = result["environment"]
    measured = measured_of(environment, device)
    if measured is None:
        return {}
    verdict = (environment.get("devices") or {}).get(device) or {}
    low, high = measured.interval_ms
    found: Json = {
        "latency_ms": {"measured": {"value": measured.latency_ms, "from": low, "to": high, "on": measured.runner}},
        "energy_mj": {},
    }
    if (value := number_of(verdict, "latency_ms")) is not None:
        ends = verdict.get("latency_interval_ms") or (None, None)
        found["latency_ms"]["modelled"] = {"value": value, "from": ends[0], "to": ends[1]}
    if host := environment.get("on_host"):
        found["latency_ms"]["host"] = {"value": host["p50_ms"], "from": None, "to": host["p99_ms"]}
    if measured.energy_mj is not None:
        found["energy_mj"]["measured"] = {"value": measured.energy_mj, "from": None, "to": None, "on": measured.runner}
    if (value := number_of(verdict, "energy_mj")) is not None:
        found["energy_mj"]["modelled"] = {"value": value, "from": None, "to": None}
    return found


def windows_words(low: float, high: float) -> str:
    """18.2-18.7: three digits, since windows of one run lie near each other; one number where they say the same."""
    ends = numbers.digits(low), numbers.digits(high)
    return ends[0] if ends[0] == ends[1] else "-".join(ends)


def usual(values: list[float]) -> float:
    return float(median(values)) if values else 0.0
