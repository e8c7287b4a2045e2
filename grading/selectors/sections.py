"""What grading adds to the course home: what is due, the latest result, the desk of the staff."""

from datetime import datetime
from typing import Any

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.sections import DueMark
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.selectors import assignments as reading

ROWS = 6


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    items = list(Assignment.objects.of(visit.course).select_related("course"))
    standing, overdue = ({}, "") if visit.is_staff else (_standing(visit), _overdue(visit, items, now))
    return [
        DueMark(
            item.short,
            item.title,
            item.due_at,
            item.get_absolute_url(),
            detail=f"{standing.get(item.pk, '')} {overdue}".strip(),
        )
        for item in items
        if item.due_at is not None
    ]


def public_due_marks(course: Course, now: datetime) -> list[DueMark]:
    """What visitors may know: the name and the time, no address."""
    items = Assignment.objects.of(course).exclude(due_at=None)
    return [DueMark(item.short, item.title, item.due_at, "") for item in items if item.due_at is not None]


def _overdue(visit: Visit, items: list[Assignment], now: datetime) -> str:
    """What should have been handed in, in a sentence; it stands beside whatever is due next."""
    done = set(
        Submission.objects.filter(person=visit.person, assignment__course=visit.course)
        .exclude(counts=False)
        .values_list("assignment", flat=True)
    )
    missing = [item.short for item in items if item.takes_model and item.is_past_due(now) and item.pk not in done]
    if not missing:
        return ""
    names = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
    return f"{names} {'is' if len(missing) == 1 else 'are'} overdue."


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
    groups = [
        {"title": "Overdue", "rows": [row for row in rows if row["badge"].word == "overdue"]},
        {"title": "Due next", "rows": [row for row in rows if row["due_at"] and row["due_at"] >= now][:ROWS]},
    ]
    return {"groups": [group for group in groups if group["rows"]]}


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
