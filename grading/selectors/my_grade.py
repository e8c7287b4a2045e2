"""Why is my grade this? What a student reads about a grade once it is released: the sum, the timeline, and what can be asked."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.grade import Grade, Line, Step
from grading.grade_facts import grade_for, group_of, measured_event, release_of, seen_since, sees_grade
from grading.models.assignments import Assignment
from grading.models.grades import MEASUREMENT, GradeKind, grade_path
from grading.models.regrades import RegradeRequest, RegradeStatus
from grading.models.runs import Run
from grading.regrade_rules import REASON_LETTERS, RegradeRules
from grading.selectors.annotations import note_links
from grading.selectors.release_spread import my_spread

BADGES: dict[str, Badge] = {
    RegradeStatus.OPEN: Badge("neutral", "clock", "open"),
    RegradeStatus.ASSIGNED: Badge("neutral", "clock", "being looked at"),
    RegradeStatus.ANSWERED: Badge("good", "check", "answered"),
    RegradeStatus.ACCEPTED: Badge("good", "check", "answer accepted"),
    RegradeStatus.ESCALATED: Badge("warn", "triangle", "with the instructors"),
    RegradeStatus.DECIDED: Badge("good", "check", "decided"),
    RegradeStatus.CLOSED: Badge("neutral", "check", "closed"),
    RegradeStatus.WITHDRAWN: Badge("neutral", "info", "withdrawn"),
}


def grade_link(visit: Visit, assignment: Assignment) -> dict[str, str] | None:
    """What the page of an assignment offers: the class to the staff, the own grade to a student once it is released. One query."""
    if visit.is_staff:
        return {"label": "Grades", "url": grade_path(assignment, "grades")}
    if not sees_grade(assignment, visit.person):
        return None
    return {"label": "Why is my grade this?", "url": grade_path(assignment)}


def my_grade(visit: Visit, assignment: Assignment, now: datetime) -> dict[str, Any]:
    """Nothing of the grade leaves before the release, nor after it was taken back. About a dozen queries."""
    release = release_of(assignment)
    since = seen_since(release, visit.person)
    context: dict[str, Any] = {
        "assignment": assignment,
        "is_visible": since is not None,
        "was_released": release is not None and not release.is_released,
    }
    if release is None or since is None:
        return context
    requests = requests_of(visit, assignment)
    asking = asking_part(visit, assignment, since, now, requests)
    found = explained(assignment, visit.person, requests, asking)
    grade: Grade = found["grade"]
    return (
        context
        | found
        | {
            "since": since,
            "spread": my_spread(assignment, release, grade.points if grade.is_complete else None, grade.of),
            "requests": [{"row": row, "badge": BADGES[row.status]} for row in requests],
            "asking": asking,
            "noted": note_links(visit, assignment),
        }
    )


def explained(
    assignment: Assignment, person: User, requests: list[RegradeRequest], asking: dict[str, Any] | None
) -> dict[str, Any]:
    """The grade, its sum line by line, and what happened to it: what a student reads, and the staff before the release. Six queries."""
    grade = grade_for(assignment, person)
    return {
        "grade": grade,
        "lines": [_line(line, requests, asking) for line in grade.lines],
        "measured": measured_part(assignment, person),
        "timeline": timeline(grade),
    }


def requests_of(visit: Visit, assignment: Assignment) -> list[RegradeRequest]:
    """The requests that this student sees, oldest first."""
    found = RegradeRequest.objects.visible_to(visit).filter(assignment=assignment)
    return list(found.select_related("item", "assignment__course", "person"))


def asking_part(
    visit: Visit, assignment: Assignment, released_at: datetime, now: datetime, requests: list[RegradeRequest]
) -> dict[str, Any] | None:
    """Whether this student may ask now, until when and how often; None where the assignment takes no requests."""
    rules = RegradeRules.of(assignment.regrade_rules)
    if rules is None or visit.is_staff:
        return None
    window = rules.window(assignment.course, released_at)
    group = group_of(assignment, visit.person)
    mine = [row for row in requests if (row.team_id == group.team.pk if group.team else row.team_id is None)]
    used = sum(not row.opened_by and row.status != RegradeStatus.WITHDRAWN for row in mine)
    left = max(rules.limit - used, 0)
    state = window.state(now)
    return {
        "state": state, "left": left, "limit": rules.limit, "opens": in_course(assignment.course, window.opens_at),
        "closes": in_course(assignment.course, window.closes_at), "is_team": group.team is not None,
        "may_ask": state == "open" and left > 0, "least": REASON_LETTERS[0], "most": REASON_LETTERS[1],
    }  # fmt: skip


def in_course(course: Course, moment: datetime) -> str:
    """Fri Nov 3, 23:59 EDT, on the course's clock whatever the reader's is: the time is meant there."""
    return f"{moment.astimezone(course.tz):%a %b %-d, %H:%M %Z}"


def _line(line: Line, requests: list[RegradeRequest], asking: dict[str, Any] | None) -> dict[str, Any]:
    """A line of the sum, with the request about it or the way to make one."""
    about = [row for row in requests if row.item.key == line.key and row.status != RegradeStatus.WITHDRAWN]
    request = about[-1] if line.kind == "rubric" and about else None
    may_ask = bool(asking and asking["may_ask"]) and line.kind == "rubric" and line.points is not None and not request
    badge = BADGES[request.status] if request else None
    return {"line": line, "request": request, "badge": badge, "may_ask": may_ask, "html": words(line.says)}


def words(text: str) -> SafeString:
    """What one of the staff wrote, as Markdown."""
    return render_markdown(text) if text else SafeString("")


def timeline(grade: Grade) -> list[dict[str, Any]]:
    """Newest first."""
    return [_step(step) for step in reversed(grade.timeline)]


def _step(step: Step) -> dict[str, Any]:
    event = step.event
    what = {
        GradeKind.BENCHMARK: event.reason, GradeKind.OVERRIDE: "set by hand", GradeKind.REGRADE: "after a regrade request",
        GradeKind.NOTE: "regrade request, unchanged" if event.cause else "", GradeKind.RUBRIC: "graded",
    }[GradeKind(event.kind)]  # fmt: skip
    if event.kind == GradeKind.OVERRIDE and event.points is None:
        what = "no longer set by hand"
    if event.kind == GradeKind.BENCHMARK and event.is_by_person:
        what = "what was left to the staff"
    html = words("" if event.kind == GradeKind.BENCHMARK and not event.is_by_person else event.reason)
    return {"step": step, "event": event, "what": what, "html": html, "at": timezone.localtime(event.at)}


def measured_part(assignment: Assignment, person: User) -> dict[str, Any] | None:
    """The criteria of the result that the measured part rests on, with the way to its page. One query."""
    found = measured_event(assignment, person)
    if found is None or found.result is None:
        return None
    run: Run = found.result.run
    return {
        "lines": found.result.lines, "number": run.submission.number, "url": run.get_absolute_url(), "event": found,
        "left_open": found.result.left_open, "open_lines": [line for line in found.result.lines if line.get("left_open")],
        "given": "" if found.actor == MEASUREMENT else f"{(found.points or 0) - found.result.earned:.2f}",
    }  # fmt: skip
