"""What the staff read about the grades of an assignment in the LMS."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.courses.access import Visit
from courseplatform.lti.models import CourseLink
from courseplatform.lti.selectors import link_of_course, subs_of
from grading.grade_facts import is_visible, release_of
from grading.late_rows.facts import policy_for
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.models.late_days import LateVerdict
from grading.models.passback import Passback, PassbackScore, PassbackTry, ScoreState
from grading.passback.collecting import students_of
from grading.passback.switching import is_other

ROWS, LOG = 100, 20
OUTCOMES = {
    "sent": "Sent",
    "again": "Not arrived, tried again later",
    "failed": "Refused",
    "asked": "Asked to send again",
}


def passback_page(visit: Visit, assignment: Assignment, page: str = "1") -> dict[str, Any]:
    """At most eighteen queries, whatever the size of the class."""
    link, release = link_of_course(visit.course), release_of(assignment)
    row = Passback.objects.filter(assignment=assignment).first()
    rows = _rows(assignment, row) if row else []
    context = {
        "assignment": assignment, "link": link, "passback": row, "is_visible": is_visible(release), "back": grade_path(assignment, "grades"),
        "late": _late(assignment, link, rows), "counts": _counts(rows), "page": Paginator(rows, ROWS).get_page(page), "now": timezone.now(),
    }  # fmt: skip
    return context | (_absent(assignment, link, rows) if link and row else {})


def _rows(assignment: Assignment, passback: Passback) -> list[dict[str, Any]]:
    log = Prefetch("log", PassbackTry.objects.order_by("-pk"), to_attr="tries_made")
    found = PassbackScore.objects.filter(passback=passback).select_related("person").prefetch_related(log)
    return [
        {
            "score": score, "badge": _badge(score), "is_other": is_other(score.shown, score.points),
            "log": [{"row": one, "word": OUTCOMES.get(one.outcome, one.outcome)} for one in score.tries_made[:LOG]],
            "url": grade_path(assignment, "grades_person", person=score.person_id),
        }
        for score in found.order_by("person__name", "pk")
    ]  # fmt: skip


def _badge(score: PassbackScore) -> Badge:
    if score.state == ScoreState.SENT:
        return Badge("good", "check", "sent")
    if score.state == ScoreState.FAILED:
        return Badge("bad", "octagon", "not sent")
    return Badge("warn", "clock", f"try {score.tries} failed") if score.tries else Badge("neutral", "clock", "waiting")


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    states = [row["score"].state for row in rows]
    found = {state.value: states.count(state.value) for state in ScoreState}
    return found | {"other": sum(row["is_other"] for row in rows)}


def _absent(assignment: Assignment, link: CourseLink, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Students whom the LMS's course does not have, as far as we know, and those whose grade is not complete."""
    people = students_of(assignment)
    subs, sent = subs_of(link, people), {row["score"].person_id for row in rows}
    return {
        "unknown": [person for person in people if person.pk not in subs],
        "incomplete": sum(person.pk in subs and person.pk not in sent for person in people),
    }


def _late(assignment: Assignment, link: CourseLink | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether the LMS could take off for lateness what our points lack already: who was late, and who has less there now."""
    late = LateVerdict.objects.filter(assignment=assignment, days_late__gt=0)
    return {
        "has_policy": policy_for(assignment.course) is not None,
        "is_canvas": link is not None and link.platform.is_canvas,
        "count": late.count(),
        "charged": [
            row
            for row in rows
            if row["score"].shown is not None and row["is_other"] and row["score"].shown < row["score"].points
        ],
    }
