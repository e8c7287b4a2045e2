"""The state of the due time as the title of the lab page: how long there is still, or how late it is."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from grading.late_rows.facts import person_key
from grading.late_rows.preview import LateTable
from grading.models.assignments import Assignment
from grading.selectors import late_panel
from grading.selectors.assignments import Attempt
from grading.selectors.late_words import plain_late, verdict_badge

ONE_HOUR_S = 3600


def deadline(
    visit: Visit, assignment: Assignment, attempts: list[Attempt], table: LateTable | None, now: datetime
) -> dict[str, Any]:
    """`until`: the moment that the title counts to or from; it ticks. `table`: the costs, where the course states a late policy."""
    if assignment.due_at is None:
        said = "Ask the course staff when it is expected."
        return {"tone": "neutral", "title": "No due time is stated", "sentence": said}
    due = f"{timezone.localtime(assignment.due_at):%a %b %-d, %H:%M %Z}"
    if not assignment.is_released(now) and assignment.released_at is not None:
        opens = timezone.localtime(assignment.released_at)
        return {"tone": "neutral", "title": f"Opens {opens:%a %b %-d, %H:%M %Z}", "sentence": f"Due {due}."}
    is_moved = table is not None and now <= table.due  # for this student
    if assignment.due_at < now and not is_moved and (visit.is_staff or not assignment.takes_anything):
        return {
            "tone": "neutral",
            "title": f"Was due {due}",
            "sentence": f"{numbers.span(now - assignment.due_at)} ago.",
        }
    standing = next((a for a in attempts if a.is_active), None) or next(
        (a for a in attempts if a.submission.counts is not False), None
    )
    if table is not None:
        return late_panel.heading(table, _judged(table, assignment, visit, standing), now)
    if now <= assignment.due_at:
        return _before(assignment, due, standing, now)
    return _after(assignment, due, standing)


def _points(standing: Attempt | None) -> str:
    if standing is None or standing.earned is None:
        return ""
    return f"Your best attempt has {standing.earned} of {standing.of} measured points."


def _judged(table: LateTable, assignment: Assignment, visit: Visit, standing: Attempt | None) -> dict[str, Any] | None:
    """What was handed in, as the late policy judges it; None where nothing is."""
    wanted = (person_key(visit.person.pk), assignment.slug)
    verdict = next((v for v in table.standing.verdicts if (v.person, v.assignment) == wanted), None)
    if standing is None or verdict is None:
        return None
    badge = verdict_badge(verdict, table.facts.policy)
    return {"title": f"Handed in, {badge.word}", "tone": badge.tone, "sentence": _points(standing)}


def _before(assignment: Assignment, due: str, standing: Attempt | None, now: datetime) -> dict[str, Any]:
    left_s = (assignment.due_at - now).total_seconds() if assignment.due_at else 0
    tone = "warn" if left_s < ONE_HOUR_S and not standing else "neutral"
    sentence = f"Due {due}. {_points(standing)}".strip()
    return {"tone": tone, "until": assignment.due_at, "after": "left", "sentence": sentence, "clock": True}


def _after(assignment: Assignment, due: str, standing: Attempt | None) -> dict[str, Any]:
    if standing is None:
        sentence = f"It was due {due}. You can still hand in; the receipt says how late it came."
        return {"tone": "warn", "until": assignment.due_at, "after": "late", "sentence": sentence}
    late = plain_late(standing.submission)
    earned = f"{standing.earned} of {standing.of} measured points. " if standing.earned is not None else ""
    return {
        "tone": "warn" if late else "good",
        "title": f"Handed in, {numbers.span(late)} late" if late else "Handed in on time",
        "sentence": f"{earned}It was due {due}; another attempt would be late.",
    }
