"""Who may see a course as which student. Asked when it begins, and again with every page."""

from collections.abc import Callable

from courseplatform.accounts.models import User
from courseplatform.audit.models import ViewRules
from courseplatform.core.errors import Forbidden, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment, Role

# What a room has against it, in a sentence, or "": (visit of the staff, student or None for any) -> why not.
Objection = Callable[[Visit, User | None], str]
objections: list[Objection] = []


def add_view_objection(objection: Objection) -> None:
    """For what a member of the staff is not to learn of a student: whose a report is that is graded without names."""
    if objection not in objections:
        objections.append(objection)


def may_view_as(visit: Visit) -> bool:
    """Instructors, and TAs where the course lets them."""
    if visit.role == Role.INSTRUCTOR:
        return True
    return visit.role == Role.TA and ViewRules.objects.filter(course=visit.course, tas_may_view=True).exists()


def check_view_as(visit: Visit, student: User | None) -> None:
    """Raises Forbidden: `view_as_not_allowed`, `view_as_of_staff`, `view_as_objection`; or NotHere for whoever is no student here."""
    if not may_view_as(visit):
        said = f"In {visit.course.number or visit.course.title} only instructors view the course as a student. They can let TAs do so too."
        raise Forbidden(said, code="view_as_not_allowed")
    if student is not None:
        _check_student(visit, student)
    for objection in objections:
        if why := objection(visit, student):
            raise Forbidden(why, code="view_as_objection")


def _check_student(visit: Visit, student: User) -> None:
    roles = {(row.course_id, row.role) for row in Enrolment.objects.filter(person=student, is_active=True)}
    if (visit.course.pk, Role.STUDENT) not in roles or not student.is_active:
        raise NotHere("This person is no student of the course now.")
    if student.is_operator or student.is_superuser or any(role in STAFF for _, role in roles):
        said = (
            f"{student.name} is on the staff of a course or keeps this site running, so nobody views a course as them."
        )
        raise Forbidden(said, code="view_as_of_staff")
