"""What points may rest on of the lab's first device: what a model needs there, what is modelled, and why a number is left to the staff. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from courseplatform.core import numbers
from grading.spec.device_metrics import DEVICE_METRICS, FITS

DIGITS = 6  # significant: libraries of mathematics differ behind the fifteenth, and nobody's points shall
NOMINAL = "nominal_current"
MS_PER_HOUR = 3_600_000
ON_A_CHARGE = ("battery_hours", "inferences_per_charge", "mah_per_1000_inferences")
Interval = tuple[float, float]


@dataclass(frozen=True)
class Fit:
    """Whether the model runs on the device. A limit of 0 is none. why: what is in the way of the runtime; "" where nothing is."""

    name: str
    fits: bool
    ram_needed_bytes: int
    ram_limit_bytes: int
    flash_needed_bytes: int
    flash_limit_bytes: int
    why: str = ""


@dataclass(frozen=True)
class Modelled:
    """By name of the metric: its value, its 90 % interval, the sentence that says why no points follow from it, and how it was got.

    measured: those that a board measured (grading/points/on_board.py); the others are modelled or counted.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Interval] = field(default_factory=dict)
    left_open: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    fit: Fit | None = None
    measured: set[str] = field(default_factory=set)


def modelled_of(verdict: Mapping[str, Any] | None, slug: str, budget: Mapping[str, Any] | None = None) -> Modelled:
    """All metrics that are those of one device.

    Args:
        verdict: what grading/bench/on_device.py says of the device; None where it is gone. slug: of the device.
        budget: {convention, volts, capacity_mah} by which hours on a charge were counted; None in results of before it was stored.
    """
    if verdict is None:
        gone = f"The device {slug} is no longer in this course, so nothing can be said of it."
        return Modelled(left_open=dict.fromkeys(("latency_ms", "energy_mj", *DEVICE_METRICS, FITS), gone))
    found = Modelled(fit=_fit(verdict))
    _needs(found, verdict)
    _latency_and_energy(found, verdict)
    _charge(found, verdict, budget or {})
    return found


def _fit(verdict: Mapping[str, Any]) -> Fit:
    sizes = {
        name: int(verdict[name])
        for name in ("ram_needed_bytes", "ram_limit_bytes", "flash_needed_bytes", "flash_limit_bytes")
    }
    return Fit(name=str(verdict["name"]), fits=bool(verdict["fits"]), why=str(verdict.get("why") or ""), **sizes)


def _needs(found: Modelled, verdict: Mapping[str, Any]) -> None:
    """Counted, so they hold whether the model runs there or not."""
    found.metrics["ram_needed_bytes"] = float(verdict["ram_needed_bytes"])
    found.metrics["flash_needed_bytes"] = float(verdict["flash_needed_bytes"])


def _latency_and_energy(found: Modelled, verdict: Mapping[str, Any]) -> None:
    name = str(verdict["name"])
    latency, interval, energy = (verdict[key] for key in ("latency_ms", "latency_interval_ms", "energy_mj"))
    if latency is not None and interval is not None:
        low, high = interval
        found.metrics["latency_ms"], found.intervals["latency_ms"] = _rounded(latency), (_rounded(low), _rounded(high))
        if latency > 0:
            found.metrics["frames_per_second"] = _rounded(1000 / latency)
            found.intervals["frames_per_second"] = (_rounded(1000 / high), _rounded(1000 / low))
            found.how["frames_per_second"] = f"1000{numbers.NARROW}ms / {numbers.milliseconds(latency)}"
    if energy is not None and latency and interval is not None:
        # Watts are no part of the interval of a latency; what is left is the least that is open.
        low, high = (energy * end / latency for end in interval)
        found.metrics["energy_mj"], found.intervals["energy_mj"] = _rounded(energy), (_rounded(low), _rounded(high))
    slow = _why(verdict, name)
    for metric, why in (("latency_ms", slow), ("frames_per_second", slow), ("energy_mj", _why_energy(verdict, name))):
        if why:
            found.left_open[metric] = why


def _charge(found: Modelled, verdict: Mapping[str, Any], budget: Mapping[str, Any]) -> None:
    """Hours on the course's charge, and what one inference takes of it: mAh = mAh an hour x ms / 3 600 000."""
    hours, per_hour = verdict.get("battery_hours"), verdict.get("mah_per_hour")
    why = _why_charge(verdict, budget.get("convention", NOMINAL))
    for metric in ON_A_CHARGE:
        said = why or ("" if metric == "battery_hours" else _why(verdict, str(verdict["name"])))
        if said:
            found.left_open[metric] = said
    if not hours or not per_hour:
        return
    found.metrics["battery_hours"] = _rounded(hours)
    charge_mah = hours * per_hour
    rate = f"{numbers.count(charge_mah)}{numbers.NARROW}mAh / {numbers.digits(per_hour)}{numbers.NARROW}mA"
    found.how["battery_hours"] = f"{rate} = {numbers.with_unit(hours, 'hours')}"
    latency, interval = verdict["latency_ms"], verdict["latency_interval_ms"]
    if not latency or interval is None:
        return
    low, high = interval
    found.metrics["inferences_per_charge"] = _rounded(hours * MS_PER_HOUR / latency)
    found.intervals["inferences_per_charge"] = (
        _rounded(hours * MS_PER_HOUR / high),
        _rounded(hours * MS_PER_HOUR / low),
    )
    each = per_hour * 1000 / MS_PER_HOUR
    found.metrics["mah_per_1000_inferences"] = _rounded(latency * each)
    found.intervals["mah_per_1000_inferences"] = (_rounded(low * each), _rounded(high * each))
    seconds, ms = f"{numbers.count(round(hours * 3600))}{numbers.NARROW}s", numbers.milliseconds(latency)
    found.how["inferences_per_charge"] = f"{rate} = {seconds}; {seconds} / {ms}"
    found.how["mah_per_1000_inferences"] = f"1000 x {ms} at {numbers.digits(per_hour)}{numbers.NARROW}mA"


def _why(verdict: Mapping[str, Any], name: str) -> str:
    if verdict["latency_ms"] is None:
        return str(verdict["reason"]) or f"No latency on the {name} is modelled."
    if not verdict["fits"]:
        return f"The model does not run on the {name}, so it has no latency there."
    if verdict["extrapolated"]:
        return f"Extrapolated: {next(iter(verdict['flags']), 'the calibration never met such a model.')}"
    return "" if verdict["graded"] else _few(verdict["calibration"] or {})


def _few(calibration: Mapping[str, Any]) -> str:
    rows, group = calibration.get("rows", 0), calibration.get("group", "")
    return (
        f"No points rest on the calibration {group}, which has {rows} rows: they are too few or of too few families, nobody stated its "
        "threads, or it is of an accelerator."
    )


def _why_energy(verdict: Mapping[str, Any], name: str) -> str:
    if why := _why(verdict, name):
        return why
    if verdict["energy_mj"] is None:
        return str(verdict["reason"]) or f"No energy on the {name} is modelled."
    is_metered = bool((verdict["calibration"] or {}).get("metered"))
    return (
        ""
        if is_metered
        else f"Nobody metered this runtime on the {name}; its power is that of others or of a data sheet."
    )


def _why_charge(verdict: Mapping[str, Any], convention: str) -> str:
    """A nominal current is a rule of the course and holds for every model that runs there; the other conventions rest on power."""
    name = str(verdict["name"])
    if not verdict.get("battery_hours") or not verdict.get("mah_per_hour"):
        return str(verdict["reason"]) or f"Nobody gave the current of the {name}, so nothing is counted on a charge."
    if not verdict["fits"]:
        return f"The model does not run on the {name}, so it takes nothing of a charge there."
    return "" if convention == NOMINAL else _why_energy(verdict, name)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
