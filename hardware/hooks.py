"""What the rooms above know of a device and this one shows or asks. They register when they are ready."""

from collections.abc import Callable
from typing import Any

from courseplatform.courses.models import Course
from hardware.profiles import DeviceProfile

# What refers to a device of a course: (course, slug) -> in words, "" for nothing.
UseSource = Callable[[Course, str], str]
use_sources: list[UseSource] = []

# What latency and energy on a device rest on: (profile) -> rows {group, rows, date, model_out_median, family_out_median, graded, note}.
CalibrationSource = Callable[[DeviceProfile], list[dict[str, Any]]]
calibration_sources: list[CalibrationSource] = []


def add_use_source(source: UseSource) -> None:
    if source not in use_sources:
        use_sources.append(source)


def add_calibration_source(source: CalibrationSource) -> None:
    if source not in calibration_sources:
        calibration_sources.append(source)


def use_words(course: Course, slug: str) -> str:
    """What refers to it, in words; "" where nothing does."""
    return "; ".join(said for source in use_sources if (said := source(course, slug)))


def calibrations_of(profile: DeviceProfile) -> list[dict[str, Any]]:
    return [row for source in calibration_sources for row in source(profile)]
