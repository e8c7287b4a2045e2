"""What the cost model says about one model on one device with one runtime: never a number without where it comes from."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Calibration:
    """Which published or own measurements a prediction rests on, and how well they predicted what was left out.

    group: board, runtime and version, precision, threads. rows: of that group. date: of the fit, ISO.
    model_out_median, family_out_median: median error as a share (0.05 is 5 %), None where the group is too small to tell.
    graded: the group is large enough for points; note: fan, meter, statistic, or why it is never graded.
    metered: its energy was metered with its latency. source: of one that the course has adopted, "" for a published one.
    """

    group: str
    rows: int
    date: str
    model_out_median: float | None
    family_out_median: float | None
    graded: bool = False
    note: str = ""
    metered: bool = False
    source: str = ""


@dataclass(frozen=True)
class OperatorCost:
    """One operator's share of latency_ms; index as in the report. fused: it runs inside another one and costs nothing."""

    index: int
    latency_ms: float
    fused: bool = False


@dataclass(frozen=True)
class Prediction:
    """Latency, energy and battery of one model on one device.

    latency_ms, latency_interval_ms (lo, hi; 90 %), energy_mj (of one inference, whole board): None where this pair was never
    calibrated; reason then says why. mah_per_hour, battery_hours: by the convention, see docs/measurement.md.
    extrapolated: an operator class or size that this calibration never met; why in flags, one sentence each.
    """

    device: str
    runtime: str | None
    precision: str
    threads: int | None
    latency_ms: float | None
    latency_interval_ms: tuple[float, float] | None
    energy_mj: float | None
    mah_per_hour: float | None
    battery_hours: float | None
    extrapolated: bool
    calibration: Calibration | None
    reason: str = ""
    flags: tuple[str, ...] = ()
    operators: tuple[OperatorCost, ...] = ()

    @property
    def graded(self) -> bool:
        """Whether points may rest on it (a threshold inside the interval still may not)."""
        return (
            self.latency_ms is not None and not self.extrapolated and bool(self.calibration and self.calibration.graded)
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
