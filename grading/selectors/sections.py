"""What grading adds to the course home: what is due, the latest result, the desk of the staff."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.html import strip_tags

from courseplatform.core import numbers
from courseplatform.core.markdown import render_markdown
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Session
from courseplatform.courses.sections import DueMark, ScheduleLine
from grading.late_rows.facts import PersonalDates, dates_for
from grading.ml_tasks.registry import task_of
from grading.ml_tasks.words import main_pair
from grading.models.assignments import OPENS, Assignment, instant_of
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.table import is_lost
from grading.selectors import assignments as reading
from grading.selectors.handed import lacks, lacks_words

ROWS = 6
LATEST = Prepared(
    lambda person, course: Result.objects.filter(
        run__submission__in=Submission.objects.of_person(person).filter(assignment__course=course)
    ).select_related("run__submission").defer("report", "host", "environment").order_by("-made_at", "-pk")[:1],
    person=int, course=int,
)  # fmt: skip


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    if visit.course.is_closed:  # nothing is taken any more
        return []
    items, dates = reading.work_of(visit), dates_for(visit)

    def detail(item: Assignment) -> str:
        return "" if visit.is_staff else f"{_standing(visit, item)} {_overdue(visit, items, dates, now)}".strip()

    return [
        DueMark(
            item.short,
            item.title or _in_short(item.summary),
            due_at,
            item.get_absolute_url(),
            detail=partial(detail, item),
        )
        for item, due_at in ((item, dates.due_of(item)) for item in items)
        if due_at is not None
    ]


def _in_short(summary: str) -> str:
    """A summary of a few words stands beside work that has no title: Except late days."""
    first = summary.strip().split("\n")[0].rstrip(".")
    return strip_tags(render_markdown(first)).strip() if len(first) <= 40 else ""


def public_due_marks(course: Course, now: datetime) -> list[DueMark]:
    """What visitors may know: the name and the time, no address."""
    items = Assignment.objects.of(course).exclude(due_at=None)
    return [
        DueMark(item.short, item.title or _in_short(item.summary), item.due_at, "")
        for item in items
        if item.due_at is not None
    ]


def schedule_lines(course: Course, sessions: list[Session]) -> list[ScheduleLine]:
    """Work without a due time stands under its session, and says that none is stated."""
    by_day = {session.held_on: session.pk for session in sessions if session.held_on}
    lines = []
    for item in Assignment.objects.of(course).filter(due_at=None).order_by("position"):
        session_id = by_day.get(item.listed_under) if item.listed_under else None
        if session_id is not None:
            worth = f"{item.worth_percent.normalize():f}%" if item.worth_percent else ""
            lines.append(
                ScheduleLine(
                    session_id,
                    f"{item.full_title} {worth}".strip(),
                    note="no due date stated",
                    kind="due",
                    is_undated=True,
                )
            )
    return lines


def move_release(session: Session, before: date, by: timedelta) -> list[str]:
    """Work that a session hands out opens with it, and work that is listed beside it stays there. Its due time stays: that is a promise
    of its own."""
    if by and not session.course.sessions.filter(held_on=before, is_withdrawn=False).exclude(pk=session.pk).exists():
        Assignment.objects.kept_of(session.course).filter(listed_under=before).update(listed_under=before + by)
    if not session.releases_lab:
        return []
    said = []
    for item in Assignment.objects.kept_of(session.course).filter(released_wall__startswith=before.isoformat()):
        wall = f"{before + by}{item.released_wall[10:]}"
        if by:
            item.released_wall, item.released_at = wall, instant_of(session.course, wall, OPENS)
            item.save(update_fields=["released_wall", "released_at"])
        said.append(f"{item.short} opens on {before + by:%a %b} {(before + by).day}")
    return said


def _overdue(visit: Visit, items: list[Assignment], dates: PersonalDates, now: datetime) -> str:
    """What should have been handed in, in a sentence; it stands beside whatever is due next."""
    done = reading.standing_attempts(visit).keys() | dates.excused
    missing = [item.short for item in items if item.takes_anything and dates.is_past(item, now) and item.pk not in done]
    if not missing:
        return ""
    names = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
    return f"{names} {'is' if len(missing) == 1 else 'are'} overdue."


def _standing(visit: Visit, item: Assignment) -> str:
    """What this person has reached there, in a sentence."""
    attempt, said = reading.standing_attempts(visit).get(item.pk), []
    if attempt is None:
        return ""
    if attempt.is_active and attempt.earned is not None:
        said.append(f"Your best attempt has {attempt.earned} of {attempt.of} measured points.")
    if lacking := lacks(attempt.submission, attempt.submission.assignment):
        said.append(f"{lacks_words(lacking).capitalize()}.")
    return " ".join(said)


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
    result = next(iter(LATEST(person=visit.person.pk, course=visit.course.pk)), None)
    if result is None:
        return None
    submission = result.run.submission
    submission.assignment = reading.assignment_of(visit, submission)
    lost = [line for line in result.points if is_lost(line)]
    sentence = (
        f"Most is lost on {min(lost, key=_gain)['title'].lower()}." if lost else "Every measured point is earned."
    )
    if result.left_open:
        sentence = f"{result.left_open} points are left to the staff. {sentence if lost else ''}".strip()
    metrics = result.metrics
    title, value = main_pair(task_of(result.quality), metrics)
    return {
        "run": result.run,
        "title": f"{submission.assignment.short}, attempt {submission.number}",
        "earned": result.earned,
        "of": result.of,
        "rows": [
            {"label": title, "value": value, "tone": ""},
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
