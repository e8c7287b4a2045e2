"""What grading adds to the course home: what is due, the latest result, the desk of the staff."""

from datetime import datetime
from typing import Any

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from courseplatform.courses.sections import DueMark
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.selectors import assignments as reading

ROWS = 6


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    standing = {} if visit.is_staff else _standing(visit)
    return [
        DueMark(item.short, item.title, item.due_at, item.get_absolute_url(), detail=standing.get(item.pk, ""))
        for item in Assignment.objects.filter(course=visit.course).select_related("course")
    ]


def _standing(visit: Visit) -> dict[int, str]:
    """Assignment -> what this person has reached there, in a sentence."""
    active = Result.objects.filter(
        run__submission__person=visit.person,
        run__submission__assignment__course=visit.course,
        run__submission__is_active=True,
    ).order_by("made_at")
    return {
        assignment: f"Your best attempt has {earned} of {of} measured points."
        for assignment, earned, of in active.values_list("run__submission__assignment", "earned", "of")
    }


def due_next(visit: Visit, now: datetime) -> dict[str, Any] | None:
    if visit.is_staff:
        return None
    rows = reading.assignment_rows(visit, now)
    overdue = [row for row in rows if row["badge"].word == "overdue"]
    return {"rows": (overdue + [row for row in rows if row["due_at"] >= now])[:ROWS]}


def latest_result(visit: Visit, now: datetime) -> dict[str, Any] | None:
    result = (
        Result.objects.filter(run__submission__person=visit.person, run__submission__assignment__course=visit.course)
        .select_related("run__submission__assignment__course")
        .order_by("-made_at")
        .first()
    )
    if result is None:
        return None
    submission = result.run.submission
    lost = [line for line in result.points if float(line["earned"]) < float(line["of"])]
    sentence = (
        f"Most is lost on {min(lost, key=_gain)['title'].lower()}." if lost else "Every measured point is earned."
    )
    metrics = result.metrics
    return {
        "run": result.run,
        "title": f"{submission.assignment.short}, attempt {submission.number}",
        "earned": result.earned,
        "of": result.of,
        "rows": [
            {"label": "Accuracy", "value": numbers.share(metrics["accuracy"]), "tone": ""},
            {"label": "Memory at the peak", "value": numbers.size(metrics["peak_activation_bytes"]), "tone": ""},
            {"label": "Model file", "value": numbers.size(metrics["model_bytes"]), "tone": ""},
        ],
        "sentence": sentence,
        "url": result.run.get_absolute_url(),
    }


def _gain(line: dict[str, Any]) -> float:
    return float(line["earned"]) - float(line["of"])


def desk(visit: Visit, now: datetime) -> dict[str, Any] | None:
    return {"rows": reading.desk_rows(visit)} if visit.is_staff else None
