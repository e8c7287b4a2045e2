"""What the page of a board's calibrations shows. Reads alone, in a fixed number of queries."""

from datetime import datetime
from typing import Any

from django.db.models import Count

from courseplatform.core.badges import Badge
from hardware.models import BoardCalibration, CalibrationStatus, Duty, Runner
from hardware.runners.calibrating import KINDS, MOST_THREADS, NAMES, outcomes_of
from hardware.runners.matching import cannot_work, is_here

SHOWN = 20
BADGES = {
    CalibrationStatus.MEASURING: Badge("neutral", "clock", "being measured"), CalibrationStatus.MEASURED: Badge("good", "check", "measured"),
    CalibrationStatus.FAILED: Badge("bad", "triangle", "nothing measured"), CalibrationStatus.CANCELLED: Badge("neutral", "info", "cancelled"),
}  # fmt: skip


def calibration_page(runner: Runner, now: datetime) -> dict[str, Any]:
    found = list(runner.calibrations.annotate(done=Count("rows")).order_by("-pk")[:SHOWN])
    said = outcomes_of(found)
    standing = next((one for one in found if one.is_open), None)
    return {
        "runner": runner, "rows": [_row(one, said.get(one.pk)) for one in found], "standing": standing, "waits": _waits(runner, now) if standing else "",
        "progress": _progress(standing), "most_threads": min(runner.facts.get("cores") or MOST_THREADS, MOST_THREADS),
        "cannot": _cannot(runner), "kinds": _kinds(runner),
    }  # fmt: skip


def _row(one: BoardCalibration, said: tuple[str, str] | None) -> dict[str, Any]:
    words, url = said or ("", "")
    return {
        "calibration": one,
        "badge": BADGES[CalibrationStatus(one.status)],
        "done": _done(one),
        "words": words,
        "url": url,
    }


def _done(one: BoardCalibration) -> int:
    """Networks that were measured, as `calibration_page` has counted them."""
    return int(getattr(one, "done", 0))


def _progress(standing: BoardCalibration | None) -> dict[str, Any]:
    if standing is None:
        return {}
    done, total = _done(standing), max(standing.total, 1)
    return {"done": done, "total": standing.total, "percent": round(100 * done / total)}


def _waits(runner: Runner, now: datetime) -> str:
    """Why nothing moves, in a sentence; "" where the board is at it."""
    if why := cannot_work(runner):
        return why
    return "" if is_here(runner, now) else f"{runner.name} does not answer. It goes on by itself when it is back."


def _cannot(runner: Runner) -> str:
    """Why it cannot be calibrated at all."""
    if runner.status == Duty.REVOKED:
        return "This runner was revoked, so it measures nothing any more."
    if runner.is_demo:
        return "This is a board of the demo: there is no machine that could measure."
    if runner.enrolled_at is None:
        return "No machine was enrolled yet."
    if not _kinds(runner):
        return "A board is calibrated with ONNX Runtime or LiteRT, and its agent has found neither. Install one beside the agent and start it again."
    return ""


def _kinds(runner: Runner) -> list[tuple[str, str]]:
    """What this board can be calibrated for: (value of the form, words)."""
    there = runner.facts.get("runtimes", {})
    return [
        (f"{name} {one}", f"{NAMES[name]}, {one}")
        for name, precisions in KINDS.items()
        if name in there
        for one in precisions
    ]
