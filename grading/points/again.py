"""The points of a result that is stored, by rules that are other than then. Pure: nothing is measured again and nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grading.figures.board_rows import verdicts_of
from grading.points.lines import Points, points_for
from grading.points.modelled import Modelled, modelled_of
from grading.points.on_board import put_measured
from grading.spec import BenchSpec
from grading.spec.device_metrics import DEVICE_METRICS

OF_A_DEVICE = frozenset({"latency_ms", "energy_mj", *DEVICE_METRICS})
# What results of before the cost model do not say of a device.
UNSAID = {
    "latency_ms": None, "latency_interval_ms": None, "energy_mj": None, "extrapolated": False, "graded": False, "calibration": None,
    "battery_hours": None, "mah_per_hour": None, "reason": "This result was measured before anything was modelled for this board.",
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """The parts of a result that points follow from, as they are stored. lines: the points that it has."""

    metrics: Mapping[str, Any]
    quality: Mapping[str, Any]
    environment: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]] = ()

    @property
    def notes(self) -> dict[str, str]:
        """What the check said of the model, by key of the criterion: it holds whatever the rules are."""
        return {line["key"]: line["value"] for line in self.lines if not line.get("metric") and line.get("value")}


def points_again(spec: BenchSpec, stored: Stored) -> Points:
    """Metrics of a device are read from what the result says of the device that the rules name now; a number it has not stays open."""
    modelled = of_device(spec, stored.environment) if spec.device else Modelled()
    own = {
        name: float(value)
        for name, value in stored.metrics.items()
        if isinstance(value, int | float) and name not in OF_A_DEVICE
    }
    ends = stored.quality.get("low"), stored.quality.get("high")
    intervals = {"accuracy": (float(ends[0]), float(ends[1]))} if ends[0] is not None and ends[1] is not None else {}
    return points_for(
        spec,
        own | modelled.metrics,
        intervals | modelled.intervals,
        stored.notes,
        modelled.left_open,
        fit=modelled.fit,
        how=modelled.how,
        measured=modelled.measured,
    )


def of_device(spec: BenchSpec, environment: Mapping[str, Any]) -> Modelled:
    """What points may rest on of the lab's device, from what a result keeps."""
    verdict = verdicts_of(environment).get(spec.device)
    if verdict is None:
        return modelled_of(None, spec.device)
    found = modelled_of({"name": spec.device, **UNSAID, **verdict}, spec.device, environment.get("budget"))
    if "on_board" in environment:
        put_measured(found, environment["on_board"], spec.device, of_steps=spec.kind.trains)
    return found
