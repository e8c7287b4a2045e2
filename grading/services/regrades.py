"""Regrade requests: a student asks, staff answer, a student may object once, instructors decide. A changed grade is an event with its cause.

Every step goes through one table of moves (grading/models/regrades.py) and leaves a row; two who act at once are told apart by it.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import states
from courseplatform.core.errors import BadInput, Conflict, Forbidden, IllegalMove, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment, Role
from grading.grade_facts import Group, release_of, seen_since, sees_grade
from grading.models.assignments import Assignment
from grading.models.grades import RubricItem
from grading.models.regrades import REGRADE_MOVES, RegradeMove, RegradeRequest, RegradeStatus
from grading.regrade_rules import REASON_LETTERS, RegradeRules
from grading.services.grade_writing import Desk, check_text, desk_locked
from grading.services.regrade_news import regrade_tell_staff, regrade_tell_students

S = RegradeStatus
WHY = "Say what was overlooked in your work, so that whoever reads it knows where to look."


@transaction.atomic
def regrade_ask(
    *, visit: Visit, assignment: Assignment, item: str, reason: str, knows_both_ways: bool, now: datetime | None = None
) -> RegradeRequest:
    """A student asks for one item to be looked at again; for team work for the team.

    Args:
        item: its key. reason: 20 to 2000 letters. knows_both_ways: the student has confirmed that points can go up or down.

    Raises:
        BadInput: `reason_missing`, `reason_too_short`, `reason_too_long`, `not_confirmed`.
        Conflict: `no_regrades`, `not_released`, `too_early`, `too_late`, `none_left`, `not_graded`, `asked_already`. NotHere.
        Forbidden: `student_only`.
    """
    if visit.is_staff:
        raise Forbidden("Staff open a request for a student on that student's page of grades.", code="student_only")
    now = now or timezone.now()
    rules = _rules(assignment)
    desk = desk_locked(assignment, visit.person)
    _check_time(assignment, visit.person, rules, now)
    said = check_text(reason, "reason", WHY, least=REASON_LETTERS[0], most=REASON_LETTERS[1])
    if not knows_both_ways:
        said = "Confirm that you know that the points can go up or down."
        raise BadInput(said, code="not_confirmed", details={"field": "knows"})
    if requests_used(assignment, desk.group, visit.person) >= rules.limit:
        noun = "Your team" if desk.group.team else "You"
        raise Conflict(f"{noun} made all {rules.limit} requests for {assignment.short}.", code="none_left")
    row = _create(desk, visit.person, item, said, now)
    regrade_tell_staff(row=row, what="Regrade request of", text=said)
    return row


@transaction.atomic
def regrade_open_for(
    *, visit: Visit, assignment: Assignment, person: User, item: str, reason: str, now: datetime | None = None
) -> RegradeRequest:
    """Staff open a request for a student, at any time after grading; it does not count against the limit.

    Raises BadInput: `reason_missing`, `reason_too_long`; Conflict: `not_graded`, `asked_already`; NotHere.
    """
    desk = desk_locked(assignment, person)
    said = check_text(reason, "reason", "Say why it is looked at again.", most=REASON_LETTERS[1])
    row = _create(desk, person, item, said, now or timezone.now(), opened_by=visit.person.name[:120])
    regrade_tell_students(row=row, what="was opened for you", text=said, but=visit.person)
    return row


def _rules(assignment: Assignment) -> RegradeRules:
    rules = RegradeRules.of(assignment.regrade_rules)
    if rules is None:
        raise Conflict(f"{assignment.short} takes no regrade requests. Ask the course staff.", code="no_regrades")
    return rules


def _check_time(assignment: Assignment, person: User, rules: RegradeRules, now: datetime) -> None:
    since, course = seen_since(release_of(assignment), person), assignment.course
    if since is None:
        raise Conflict(f"The grades of {assignment.short} are not released.", code="not_released")
    window = rules.window(course, since)
    if window.state(now) == "before":
        opens = window.opens_at.astimezone(course.tz)
        raise Conflict(f"Requests open {opens:%a %b %-d, %H:%M %Z}. Read the comments first.", code="too_early")
    if window.state(now) == "over":
        closed = window.closes_at.astimezone(course.tz)
        said = (
            f"Requests closed {closed:%a %b %-d, %H:%M %Z}. If something is plainly wrong, write to the course staff."
        )
        raise Conflict(said, code="too_late")


def requests_used(assignment: Assignment, group: Group, person: User) -> int:
    """How many requests of this student, or of the team, count against the limit: what was withdrawn and what staff opened do not."""
    mine = RegradeRequest.objects.filter(assignment=assignment, opened_by="").exclude(status=S.WITHDRAWN)
    return (mine.filter(team=group.team) if group.team else mine.filter(team=None, person=person)).count()


def _create(desk: Desk, person: User, key: str, reason: str, now: datetime, *, opened_by: str = "") -> RegradeRequest:
    item = RubricItem.objects.filter(assignment=desk.assignment, key=key, is_withdrawn=False).first()
    if item is None:
        raise NotHere("The rubric has no such item.", code="no_such_item")
    grade = desk.grades.get(person.pk)
    points = grade.points_of(key) if grade else None
    if grade is None or points is None:
        raise Conflict(f"{item.title} is not graded yet, so there is nothing to look at again.", code="not_graded")
    try:
        with transaction.atomic():
            row = RegradeRequest.objects.create(
                assignment=desk.assignment, item=item, person=person, team=desk.group.team, reason=reason, opened_by=opened_by,
                judged_at=desk.group.judged_at or now, points_before=points, graded_by=grade.grader_of(key), made_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        said = f"{item.title} was asked about already. The request stays readable, also when it is over."
        raise Conflict(said, code="asked_already") from error
    RegradeMove.objects.create(subject=row, moved_from="", moved_to=S.OPEN, by=(opened_by or person.name)[:120])
    return row


def regrade_move(row: RegradeRequest, to: RegradeStatus, visit: Visit, why: str = "", **changes: Any) -> None:
    """Raises IllegalMove, as a sentence about what became of the request meanwhile."""
    try:
        states.move(
            row, moves=REGRADE_MOVES, to=to, by=visit.person.name, why=why, history=RegradeMove, guard=None, **changes
        )
    except IllegalMove as error:
        now = RegradeRequest.objects.get(pk=row.pk)
        said = f"This request is {now.get_status_display()} by now, so that does not work any more. Nothing of yours was saved."
        raise IllegalMove(said, code=error.code, details=error.details) from error


def check_staff(visit: Visit) -> None:
    """Raises Forbidden (`staff_only`)."""
    if not visit.is_staff:
        raise Forbidden("That is for the staff of the course.", code="staff_only")


def check_student(visit: Visit) -> None:
    """Raises Forbidden (`student_only`)."""
    if visit.is_staff:
        raise Forbidden("That is for the student who asked, and the team.", code="student_only")


@transaction.atomic
def regrade_withdraw(*, visit: Visit, row: RegradeRequest) -> None:
    """The student takes it back, as long as nobody has answered, also not before it was opened again.

    Raises Forbidden, IllegalMove; Conflict: `answered_already`.
    """
    check_student(visit)
    if row.is_unanswered and row.answered_at is not None:
        raise Conflict("This request was answered, so it is not taken back any more.", code="answered_already")
    regrade_move(row, S.WITHDRAWN, visit)


@transaction.atomic
def regrade_assign(*, visit: Visit, row: RegradeRequest, to: User) -> None:
    """Give it to one of the staff, also to whoever graded the item; after a decision to an instructor.

    Raises Forbidden, IllegalMove; BadInput: `not_staff`, `instructor_only`.
    """
    check_staff(visit)
    those = Enrolment.objects.filter(course=visit.course, person=to, role__in=STAFF, is_active=True).first()
    if those is None:
        raise BadInput(f"{to.name} is not on the staff of this course.", code="not_staff", details={"field": "to"})
    if row.decided_at is not None and those.role != Role.INSTRUCTOR:
        said = f"An instructor has decided on this request, so {to.name} cannot answer it. Choose an instructor."
        raise BadInput(said, code="instructor_only", details={"field": "to"})
    regrade_move(row, S.ASSIGNED, visit, f"to {to.name}", assigned_to=to)
    if to != visit.person:
        regrade_tell_staff(row=row, what="You are to answer the regrade request of", text=row.reason, people=[to])


@transaction.atomic
def regrade_accept(*, visit: Visit, row: RegradeRequest) -> None:
    """The student agrees with the answer. Raises Forbidden, IllegalMove."""
    check_student(visit)
    regrade_move(row, S.ACCEPTED, visit)


@transaction.atomic
def regrade_escalate(*, visit: Visit, row: RegradeRequest, reason: str, now: datetime | None = None) -> None:
    """The student objects to the answer; the instructors decide. Once for each request, until `closes_days` after the answer.

    Raises:
        BadInput: `objection_missing`, `objection_too_short`, `objection_too_long`.
        Conflict: `escalated_already`, `too_late`, `not_released`, IllegalMove. Forbidden: `student_only`.
    """
    check_student(visit)
    now, course = now or timezone.now(), row.assignment.course
    if row.status == S.ESCALATED:
        raise Conflict("Your objection is with the instructors already.", code="escalated_already")
    if row.escalated_at is not None:
        raise Conflict("The instructors have decided on this once; that is final.", code="escalated_already")
    if not sees_grade(row.assignment, visit.person):
        raise Conflict(f"The grades of {row.assignment.short} are not released.", code="not_released")
    if row.answered_at is not None and now >= objection_ends(row):
        ended = objection_ends(row).astimezone(course.tz)
        raise Conflict(f"Objections were taken until {ended:%a %b %-d, %H:%M %Z}.", code="too_late")
    said = check_text(
        reason, "objection", "Say what the answer overlooks.", least=REASON_LETTERS[0], most=REASON_LETTERS[1]
    )
    regrade_move(row, S.ESCALATED, visit, objection=said, escalated_at=now)
    people = Enrolment.objects.filter(course=course, role=Role.INSTRUCTOR, is_active=True).select_related("person")
    regrade_tell_staff(
        row=row, what="Objection to a regrade answer by", text=said, people=[one.person for one in people]
    )


def objection_ends(row: RegradeRequest) -> datetime:
    """Until when the answer of a request may be objected to. It has an answer."""
    rules = RegradeRules.of(row.assignment.regrade_rules) or RegradeRules()
    return rules.ends(row.assignment.course, row.answered_at or row.made_at)


@transaction.atomic
def regrade_close(*, visit: Visit, row: RegradeRequest, reason: str = "") -> None:
    """Staff end it. Without an answer only with a reason. Raises Forbidden, IllegalMove; BadInput: `reason_missing`."""
    check_staff(visit)
    said = reason.strip()[:300]
    if row.is_unanswered and not said:
        said = "Nobody has answered yet. Say why it is closed; the student reads it."
        raise BadInput(said, code="reason_missing", details={"field": "reason"})
    regrade_move(row, S.CLOSED, visit, said)
    regrade_tell_students(row=row, what="was closed", text=said)


@transaction.atomic
def regrade_reopen(*, visit: Visit, row: RegradeRequest) -> None:
    """Staff take it up again: after a close or an agreement by accident. Raises Forbidden, IllegalMove.

    Whoever had it has it again, but for a decided one: it waits for an instructor, and who had it may be none.
    """
    check_staff(visit)
    if row.decided_at is not None:
        regrade_move(row, S.OPEN, visit, "reopened", assigned_to=None)
    else:
        regrade_move(row, S.ASSIGNED if row.assigned_to_id else S.OPEN, visit, "reopened")
    regrade_tell_students(row=row, what="was opened again", text="")
