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
from hardware.models.stock import (
    ITEM_MOVES,
    Condition,
    Item,
    Kind,
    Product,
    StockEvent,
    StockImport,
    StockImportMove,
    Stockroom,
    StockroomCourse,
)

__all__ = [
    "DECISIONS", "HELD", "ITEM_MOVES", "MOVES", "NOT_COUNTED", "OPEN", "Condition", "CourseDevice", "CourseDeviceChange", "Item", "Job", "JobMove", "Kind",
    "Outcome", "Priority", "Product", "Status", "StockEvent", "StockImport", "StockImportMove", "Stockroom", "StockroomCourse", "WorkerSign",
]  # fmt: skip
