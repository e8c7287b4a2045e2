"""Which coefficients speak in a course: those in the tree, and those of its own boards that its staff have adopted. No numpy: pages ask."""

from collections.abc import Iterable, Mapping
from typing import Any

from courseplatform.core.kept import kept
from courseplatform.courses.models import Course
from grading.bench.cost.coefficients import Calibrations, Coefficients, load_calibrations
from grading.models.refits import Refit
from hardware.profiles import load_profiles


def calibrations_for(course: Course) -> Calibrations | None:
    """None where the course has adopted none: then those in the tree speak alone. One query."""
    return _with(Refit.objects.filter(course=course).adopted())


def calibrations_of_result(course: Course, result: Mapping[str, Any]) -> Calibrations | None:
    """The same for what is computed beside a stored result: with what that was modelled with, though the course uses another one by now."""
    named = [_number(device) for device in result.get("environment", {}).get("devices", {}).values()]
    numbers = {number for number in named if number}
    rows = kept("adopted", course.pk, lambda: list(Refit.objects.filter(course=course).adopted()))
    missing = numbers - {row.pk for row in rows}
    # Those of the result last: they speak in the place of newer ones of the same group.
    return _with([*rows, *(Refit.objects.filter(course=course, pk__in=missing) if missing else [])])


def _number(device: Any) -> int | None:
    said = (device.get("calibration") or {}).get("source", "") if isinstance(device, Mapping) else ""
    number = said.rpartition(" ")[2]
    return int(number) if number.isdigit() else None


def _with(rows: Iterable[Refit]) -> Calibrations | None:
    found = [coefficients_of(row) for row in rows if row.coefficients]
    return load_calibrations().with_adopted(found) if found else None


def coefficients_of(refit: Refit) -> Coefficients:
    return Coefficients.from_json({**refit.coefficients, "source": refit.name})


def adopted_numbers(course: Course, devices: Iterable[str]) -> list[int]:
    """Of the calibrations that speak for these devices (slugs), in order. One query, none without a device."""
    wanted = set(devices)
    if not wanted:
        return []
    shipped = load_profiles()
    boards = {shipped[slug].board for slug in wanted if slug in shipped and shipped[slug].board}
    rows = Refit.objects.filter(course=course).adopted().values_list("pk", "calibration__device", "calibration__board")
    return sorted(pk for pk, device, board in rows if device in wanted or board in boards)
