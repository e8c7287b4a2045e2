"""What a board measured, in the place of what is modelled of it: points rest on the measured numbers, the modelled ones stay beside them. Pure."""

from collections.abc import Mapping
from typing import Any

from courseplatform.core import numbers
from grading.points.modelled import DIGITS, Modelled

BY_LATENCY = {
    "mah_per_1000_inferences": 1,
    "inferences_per_charge": -1,
}  # with the time of an inference, or with its inverse


def timed_on_board(host: Mapping[str, Any]) -> dict[str, Any]:
    """What a result keeps of the windows on a board, beside who it was: enough to count the points again by other rules.

    host: the times of the board, as results keep those of any machine.
    """
    return {key: host[key] for key in ("p50_ms", "medians_ms", "runs")}


def measured_on_board(board: Mapping[str, Any]) -> list[str]:
    """Metrics that the board, or a meter at it, measured; every other one of the device stays modelled."""
    is_metered = bool(board["energy_mj"]) or bool((board.get("reading") or {}).get("counts"))
    return ["latency_ms", "frames_per_second", *(["energy_mj"] if is_metered else [])]


def put_measured(found: Modelled, board: Mapping[str, Any], slug: str, *, of_steps: bool = False) -> None:
    """Change `found` in place: latency and what follows from it, and energy where a sensor measured it.

    board: {runner, device, energy_mj, p50_ms, medians_ms, runs, reading: of grading/meters/rules.py where there is one}. slug: of the device
    that the rules name; another board says nothing of it. of_steps: whether training steps were timed and not inferences.
    """
    if board["device"] != slug:
        return
    runner, medians, p50_ms = board["runner"], board["medians_ms"], board["p50_ms"]
    _put_charge(found, runner, p50_ms, (min(medians), max(medians)))
    what = "steps" if of_steps else "inferences"
    said = f"measured on {runner}: median of {board['runs']} {what} in {len(medians)} windows"
    _put(found, "latency_ms", p50_ms, (min(medians), max(medians)), said)
    if min(medians) > 0:
        _put(found, "frames_per_second", 1000 / p50_ms, (1000 / max(medians), 1000 / min(medians)), said)
    if board["energy_mj"]:
        _put(found, "energy_mj", board["energy_mj"], None, f"measured on {runner}, without what the idle board takes")
    elif board.get("reading"):
        _put_read(found, board["reading"], runner)


def _put_read(found: Modelled, reading: Mapping[str, Any], runner: str) -> None:
    """What somebody read from a meter. Until it counts, what is modelled stays, and where nothing is, it says what is waited for."""
    energy_mj = reading["energy_mj_above_idle"]
    if reading["counts"]:
        _put(
            found,
            "energy_mj",
            energy_mj,
            None,
            f"read from the team's meter at {runner}, without what the idle board takes",
        )
    elif "energy_mj" in found.left_open:
        said = f"{numbers.millijoules(energy_mj)} were read from the team's meter; no points follow until the staff have seen it."
        found.left_open["energy_mj"] = said


def _put_charge(found: Modelled, runner: str, p50_ms: float, ends: tuple[float, float]) -> None:
    """What a charge gives follows from a power, which stays modelled or agreed, and from the time, which was measured: before that is put in place of
    the modelled one. What was open for want of a time is open no more."""
    modelled_ms, why = found.metrics.get("latency_ms"), found.left_open.get("latency_ms")
    for metric, way in BY_LATENCY.items():
        if metric not in found.metrics or not modelled_ms or min(ends) <= 0:
            continue
        factor = found.metrics[metric] / modelled_ms**way
        low, high = sorted(factor * end**way for end in ends)
        found.metrics[metric] = _rounded(factor * p50_ms**way)
        found.intervals[metric] = (_rounded(low), _rounded(high))
        found.how[metric] = f"by the {numbers.milliseconds(p50_ms)} that {runner} measured"
        if why and found.left_open.get(metric) == why:
            found.left_open.pop(metric)


def _put(found: Modelled, metric: str, value: float, interval: tuple[float, float] | None, how: str) -> None:
    found.metrics[metric], found.how[metric] = _rounded(value), how
    found.measured.add(metric)
    found.left_open.pop(metric, None)
    found.intervals.pop(metric, None)
    if interval is not None:
        found.intervals[metric] = (_rounded(interval[0]), _rounded(interval[1]))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
