"""Who hears of a regrade request: its student or team, and of the staff those whom it concerns."""

from collections.abc import Sequence

from courseplatform.accounts.models import User
from courseplatform.core.markdown import quoted
from courseplatform.courses.models import STAFF, Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.grade_facts import sees_grade
from grading.models.grades import GradeEvent
from grading.models.regrades import RegradeRequest


def _send(row: RegradeRequest, people: Sequence[User], title: str, text: str) -> None:
    """The newest move names the news: told twice, it arrives once."""
    move = row.moves.order_by("pk").last()
    notification_send(
        course=row.assignment.course, people=people, kind="grade", key=f"regrade-{row.pk}-{move.pk if move else 0}",
        title=title, text=quoted(text), path=row.get_absolute_url(),
    )  # fmt: skip


def regrade_tell_students(*, row: RegradeRequest, what: str, text: str, but: User | None = None) -> None:
    """Tell who asked; for team work everybody who was in the team then. What was said goes along only while students see the grades."""
    people = members_at(row.team, row.judged_at) if row.team else [row.person]
    told = [one for one in people if one != but]
    said = text if sees_grade(row.assignment, row.person) else ""
    _send(row, told, f"Your regrade request about {row.assignment.short}, {row.item.title}, {what}", said)


def regrade_tell_staff(*, row: RegradeRequest, what: str, text: str, people: Sequence[User] | None = None) -> None:
    """Tell these, or else whoever of the staff graded the item, or else the instructors."""
    told = list(people) if people is not None else graders_of(row) or _instructors(row)
    who = f"team {row.team.name}" if row.team else row.person.name
    title = f"{what} {who}: {row.assignment.short}, {row.item.title}"
    _send(row, told, title, text)


def graders_of(row: RegradeRequest) -> list[User]:
    """Those of the staff who graded this item for this student."""
    events = GradeEvent.objects.filter(item=row.item, person=row.person).exclude(actor_person=None)
    staff = Enrolment.objects.filter(
        course=row.assignment.course_id, role__in=STAFF, is_active=True, person__in=events.values("actor_person")
    )
    return [one.person for one in staff.select_related("person")]


def _instructors(row: RegradeRequest) -> list[User]:
    rows = Enrolment.objects.filter(course=row.assignment.course_id, role=Role.INSTRUCTOR, is_active=True)
    return [one.person for one in rows.select_related("person")]
