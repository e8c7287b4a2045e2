"""What latency and energy on a device rest on, for the page of the device: one row a calibration that speaks for it."""

from typing import Any

from courseplatform.core import numbers
from grading.bench.cost.choice import Choice, of_board, stand_ins
from grading.bench.cost.coefficients import load_calibrations
from hardware.profiles import RUNTIME_NAMES, DeviceProfile


def calibration_rows(profile: DeviceProfile) -> list[dict[str, Any]]:
    """Of the runtimes that the device has: its own board's, the graded ones first, then those with the most rows; then those of a
    board that stands in for it."""
    known = load_calibrations()
    speaking = [*of_board(profile.board, known.groups), *stand_ins(profile.board, known.groups)]
    mine = [choice for choice in speaking if choice.group.runtime in profile.runtimes]
    mine.sort(key=lambda choice: (bool(choice.said), not choice.group.graded, -choice.group.rows, choice.group.group))
    return [_row(choice, known.date) for choice in mine]


def _row(choice: Choice, date: str) -> dict[str, Any]:
    one = choice.group
    name = f"{RUNTIME_NAMES[one.runtime]} {one.version}".strip()
    threads = f"{one.threads} thread{'' if one.threads == '1' else 's'}" if one.threads.isdigit() else one.threads
    return {
        "group": f"{name}, {one.precision}, {threads}", "rows": one.rows, "date": date, "graded": one.graded and not choice.said,
        "note": " ".join([*choice.said, one.note]).strip(),
        "model_out": _share(one.model_out_median), "family_out": _share(one.family_out_median),
    }  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else numbers.share(value)
