"""The tasks by name, and what they know together. A new task is a module here, one of the same name in scoring/, and its line below."""

from collections.abc import Mapping
from typing import Any

from grading.ml_tasks.anomaly import Anomaly
from grading.ml_tasks.base import Metric, Task
from grading.ml_tasks.classification import Classification
from grading.ml_tasks.detection import Detection
from grading.ml_tasks.distillation import Distillation
from grading.ml_tasks.regression import Regression
from grading.ml_tasks.sequence import Sequence
from grading.ml_tasks.training_step import TrainingStep

USUAL = "classification"  # of results and hidden sets that are older than tasks

TASKS: dict[str, Task] = {
    task.name: task
    for task in (Classification(), Detection(), Sequence(), Anomaly(), Regression(), Distillation(), TrainingStep())
}  # fmt: skip


def task_of(document: Mapping[str, Any]) -> Task:
    """The task of a stored `quality` or of the facts of a hidden set; that of before there were several where it names none."""
    return TASKS.get(document.get("task", USUAL), TASKS[USUAL])


def all_metrics() -> dict[str, Metric]:
    """Every metric of every task by its name. Two tasks with one metric mean the same by it."""
    return {metric.name: metric for task in TASKS.values() for metric in task.metrics}


def metrics() -> dict[str, tuple[str, str]]:
    """metric -> (unit, basis), as grading/spec/criteria.py lists what a criterion may name."""
    return {name: (metric.unit, metric.basis) for name, metric in all_metrics().items()}
