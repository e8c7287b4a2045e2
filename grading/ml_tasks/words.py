"""The main metric of a task in words, for tables that hold one number of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers
from grading.ml_tasks.base import Metric, Task

NONE = "–"
PERCENT = ("share", "rate")


@dataclass(frozen=True)
class Column:
    """The head of a column, with its unit, and how a value is written below it."""

    metric: Metric

    @property
    def head(self) -> str:
        return f"{self.metric.title}, %" if self.metric.unit in PERCENT else self.metric.title

    def cell(self, metrics: Mapping[str, Any]) -> str:
        """A dash where the result has no such number: it was measured for another task."""
        value = metrics.get(self.metric.name)
        if value is None:
            return NONE
        return f"{100 * value:.1f}" if self.metric.unit in PERCENT else numbers.digits(value)


def main_column(task: Task) -> Column:
    return Column(task.metric(task.main))


def main_pair(task: Task, metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Title and value with its unit."""
    metric = task.metric(task.main)
    value = metrics.get(metric.name)
    return metric.title, NONE if value is None else numbers.with_unit(value, metric.unit)
