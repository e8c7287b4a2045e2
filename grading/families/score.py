"""The number by which the variants of a family are compared: the main metric of the lab's task, and how it is written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers
from grading.ml_tasks.base import Metric
from grading.ml_tasks.registry import TASKS, USUAL, task_of
from grading.ml_tasks.words import PERCENT
from grading.points.table import in_sentence


@dataclass(frozen=True)
class Score:
    """metric: of the task."""

    metric: Metric

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def title(self) -> str:
        return self.metric.title

    @property
    def words(self) -> str:
        """Within a sentence."""
        return in_sentence(self.metric.title)

    @property
    def is_percent(self) -> bool:
        return self.metric.unit in PERCENT

    @property
    def head(self) -> str:
        """Of a column, with its unit."""
        return f"{self.title}, %" if self.is_percent else self.title

    @property
    def interval_words(self) -> str:
        return "its Wilson 95 % interval" if self.name == "accuracy" else "its 95 % interval"

    def gain(self, value: float) -> float:
        """The more of it the better, whatever the metric is."""
        return value if self.metric.more_is_better else -value

    def scaled(self, value: float) -> float:
        """In the unit of the head."""
        return 100 * value if self.is_percent else value

    def bare(self, value: float) -> str:
        """As it stands below its head."""
        return f"{100 * value:.1f}" if self.is_percent else numbers.digits(value)

    def said(self, value: float) -> str:
        return numbers.with_unit(value, self.metric.unit)


ACCURACY = Score(TASKS[USUAL].metric("accuracy"))


def score_of(measured: Mapping[str, Any]) -> tuple[Score, float, float, float]:
    """The score, its value, and the ends of its 95 % interval, from what was measured (models/variants.py)."""
    quality, metrics = measured["quality"], measured["metrics"]
    task = task_of(quality)
    score = Score(task.metric(task.main))
    value = float(quality["accuracy"] if score.name == "accuracy" else metrics[score.name])
    ends = (quality["low"], quality["high"]) if score.name == "accuracy" else quality.get(f"{score.name}_interval")
    low, high = ends or (value, value)
    return score, value, float(low), float(high)
