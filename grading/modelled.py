"""Modelled numbers that points may rest on: those of the lab's first device, and why a number is left to the staff. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DIGITS = 6  # significant: libraries of mathematics differ behind the fifteenth, and nobody's points shall


@dataclass(frozen=True)
class Modelled:
    """By name of the metric: its value, its 90 % interval, and the sentence that says why no points follow from it."""

    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    left_open: dict[str, str] = field(default_factory=dict)


def modelled_of(verdict: Mapping[str, Any] | None, slug: str) -> Modelled:
    """latency_ms and energy_mj of one device.

    Args:
        verdict: what grading/bench/on_device.py says of the device; None where it is gone. slug: of the device.
    """
    if verdict is None:
        gone = f"The device {slug} is no longer in this course, so nothing is modelled for it."
        return Modelled(left_open={"latency_ms": gone, "energy_mj": gone})
    name = str(verdict["name"])
    latency, interval, energy = (verdict[key] for key in ("latency_ms", "latency_interval_ms", "energy_mj"))
    found = Modelled()
    if latency is not None and interval is not None:
        low, high = interval
        found.metrics["latency_ms"], found.intervals["latency_ms"] = _rounded(latency), (_rounded(low), _rounded(high))
    if energy is not None and latency and interval is not None:
        # Watts are no part of the interval of a latency; what is left is the least that is open.
        low, high = (energy * end / latency for end in interval)
        found.metrics["energy_mj"], found.intervals["energy_mj"] = _rounded(energy), (_rounded(low), _rounded(high))
    for metric, why in (("latency_ms", _why(verdict, name)), ("energy_mj", _why_energy(verdict, name))):
        if why:
            found.left_open[metric] = why
    return found


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


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
