"""What latency and energy on a device rest on, for the page of the device: one row a calibration that speaks for it."""

from typing import Any

from courseplatform.core import numbers
from courseplatform.courses.models import Course
from grading.bench.cost.choice import Choice, of_board, stand_ins
from grading.bench.cost.coefficients import load_calibrations
from grading.calibrating.adopted import calibrations_for
from hardware.profiles import RUNTIME_NAMES, DeviceProfile


def calibration_rows(profile: DeviceProfile, course: Course | None = None) -> list[dict[str, Any]]:
    """Of the runtimes that the device has: what the course has adopted, then its own board's, the graded ones first, then those with the most
    rows; then those of a board that stands in for it."""
    known = (calibrations_for(course) if course is not None else None) or load_calibrations()
    speaking = [*of_board(profile.board or profile.slug, known.groups), *stand_ins(profile.board, known.groups)]
    mine = [choice for choice in speaking if choice.group.runtime in profile.runtimes or choice.group.is_adopted]
    mine.sort(key=_order)
    return [_row(choice, known.date) for choice in mine]


def _order(choice: Choice) -> tuple[bool, bool, bool, int, str]:
    group = choice.group
    return not group.is_adopted, bool(choice.said), not group.graded, -group.rows, group.group


def _row(choice: Choice, date: str) -> dict[str, Any]:
    one = choice.group
    name = f"{RUNTIME_NAMES[one.runtime]} {one.version}".strip()
    threads = f"{one.threads} thread{'' if one.threads == '1' else 's'}" if one.threads.isdigit() else one.threads
    return {
        "group": f"{name}, {one.precision}, {threads}", "rows": one.rows, "date": one.date or date, "graded": one.graded and not choice.said,
        "note": " ".join([*choice.said, *([f"{one.source.capitalize()} of this course."] if one.source else []), one.note]).strip(),
        "model_out": _share(one.model_out_median), "family_out": _share(one.family_out_median),
    }  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else numbers.share(value)
