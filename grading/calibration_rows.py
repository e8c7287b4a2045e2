"""What latency and energy on a device rest on, for the page of the device: one row a calibration that speaks for it."""

from typing import Any

from courseplatform.core import numbers
from grading.bench.cost.coefficients import Coefficients, load_calibrations
from hardware.profiles import RUNTIME_NAMES, DeviceProfile


def calibration_rows(profile: DeviceProfile) -> list[dict[str, Any]]:
    """Of the device's own board, and of runtimes that it has; the graded ones first, then those with the most rows."""
    known = load_calibrations()
    mine = [one for one in known.groups.values() if one.board == profile.board and one.runtime in profile.runtimes]
    mine.sort(key=lambda one: (not one.graded, -one.rows, one.group))
    return [_row(one, known.date) for one in mine]


def _row(one: Coefficients, date: str) -> dict[str, Any]:
    name = f"{RUNTIME_NAMES[one.runtime]} {one.version}".strip()
    threads = f"{one.threads} thread{'' if one.threads == '1' else 's'}" if one.threads.isdigit() else one.threads
    return {
        "group": f"{name}, {one.precision}, {threads}", "rows": one.rows, "date": date, "graded": one.graded, "note": one.note,
        "model_out": _share(one.model_out_median), "family_out": _share(one.family_out_median),
    }  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else numbers.share(value)
