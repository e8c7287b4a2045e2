"""The tables of the hardware room."""

from hardware.models.devices import CourseDevice, CourseDeviceChange
from hardware.models.jobs import (
    DECISIONS,
    HELD,
    MOVES,
    NOT_COUNTED,
    OPEN,
    Job,
    JobMove,
    Outcome,
    Priority,
    Status,
    WorkerSign,
)

__all__ = [
    "DECISIONS", "HELD", "MOVES", "NOT_COUNTED", "OPEN", "CourseDevice", "CourseDeviceChange", "Job", "JobMove", "Outcome", "Priority",
    "Status", "WorkerSign",
]  # fmt: skip
