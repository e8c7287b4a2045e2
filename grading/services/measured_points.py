"""Measured points that no machine gives: the staff give them, with a reason, as an event beside those of the measurement."""

from decimal import Decimal

from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from grading.grade_facts import measured_event
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind
from grading.services.grade_rows import grades_now_write
from grading.services.grade_writing import check_points, check_seen, check_text, desk_locked, grade_changed_tell

SAY_WHY = "Say why it is worth that; the student reads it."


@transaction.atomic
def measured_settle(
    *, visit: Visit, assignment: Assignment, person: User, points: Decimal, reason: str, seen: int
) -> None:
    """Give what a result left to the staff, for everybody who was in the team at the judged hand-in.

    It holds for this result: another one that becomes the active one is measured, and left open, anew.

    Args:
        points: for all open lines together, 0 to what they can give. seen: the newest event that the page showed.

    Raises:
        Conflict: `stale_grade`, `nothing_open`. BadInput: `points_out_of_range`, `too_many_decimals`, `reason_missing`,
        `reason_too_long`.
    """
    desk = desk_locked(assignment, person)
    check_seen(desk, seen)
    event = measured_event(assignment, person)
    result = event.result if event else None
    if result is None or not result.left_open:
        said = f"Nothing measured of {assignment.short} is left to the staff here. Reload the page."
        raise Conflict(said, code="nothing_open")
    given = check_points(points, result.left_open, "open_points") or Decimal()
    said = check_text(reason, "open_reason", SAY_WHY)
    people = desk.group.people
    for one in people:
        GradeEvent.objects.create(
            assignment=assignment, person=one, kind=GradeKind.BENCHMARK, points=result.earned + given, reason=said, result=result,
            submission=desk.group.submission, actor=visit.person.name[:120], actor_person=visit.person,
        )  # fmt: skip
    grades_now_write(assignment, [one.pk for one in people])
    grade_changed_tell(desk=desk, people=people, text=escaped(said))
