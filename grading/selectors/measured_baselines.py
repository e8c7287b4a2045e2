"""Runs of a course whose numbers may become a baseline of one of its labs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from courseplatform.courses.access import Visit
from grading.anonymity import hidden_assignments, masked
from grading.ml_tasks.registry import all_metrics
from grading.models.assignments import Assignment
from grading.models.runs import Result, Run
from grading.spec import METRICS
from grading.spec.criteria import OF_DEVICE
from grading.spec.training import TRAINING_METRICS

MOST = 40


@dataclass(frozen=True)
class Measured:
    """A result of the course. words: as the staff choose it. source: as the spec says it, also to students, so without a name.

    metrics: name -> value, in the units of METRICS.
    """

    key: str
    words: str
    source: str
    metrics: Mapping[str, int | float]


def measured_of(visit: Visit, row: Assignment) -> list[Measured]:
    """The newest results of the course, at most MOST, those of this lab first. One query.

    What another lab measured is left out where it means something else: scores on another hidden set, numbers of another device.
    """
    runs = Run.objects.visible_to(visit).filter(submission__assignment__is_withdrawn=False)
    found = Result.objects.filter(run__in=runs).select_related(
        "run__submission__assignment__course", "run__submission__person", "run__submission__team"
    )
    newest = found.defer("report", "host", "points", "quality", "environment").order_by("-made_at")[:MOST]
    rows = sorted(newest, key=lambda result: result.run.submission.assignment_id != row.pk)
    hidden = hidden_assignments(visit)
    for result in rows:
        if result.run.submission.assignment_id in hidden:
            masked(visit, result.run.submission)
    labs = {result.run.submission.assignment_id: result.run.submission.assignment for result in rows}
    alike = {pk: (lab.hidden_set_id == row.hidden_set_id, lab.device == row.device) for pk, lab in labs.items()}
    told = [_measured(row, result, *alike[result.run.submission.assignment_id]) for result in rows]
    return [one for one in told if one.metrics]


def _measured(row: Assignment, result: Result, is_same_set: bool, is_same_device: bool) -> Measured:
    submission = result.run.submission
    lab = submission.assignment
    at = f"{result.made_at.astimezone(row.course.tz):%Y-%m-%d}"
    scores = all_metrics()
    owner = f"team {submission.team.name}" if submission.team else submission.person.name
    return Measured(
        key=str(result.pk),
        words=f"{lab.short}, {owner}, attempt {submission.number}, {at}",
        source=f"measured on {at} in {lab.short}, receipt {submission.receipt}",
        metrics={
            name: _number(value)
            for name, value in result.metrics.items()
            if name in METRICS and name not in TRAINING_METRICS and isinstance(value, int | float) and isfinite(value)
            if (is_same_set or name not in scores) and (is_same_device or name not in OF_DEVICE)
        },
    )


def _number(value: float) -> int | float:
    """Counts whole, the others to six digits: as somebody would write them down."""
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")
