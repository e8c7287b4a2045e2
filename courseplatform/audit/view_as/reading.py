"""What the page reads that begins a view as a student."""

from typing import Any

from django.db.models import Q

from courseplatform.accounts.models import User
from courseplatform.audit.models import ViewRules
from courseplatform.audit.view_as.rules import may_view_as
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment, Role

MOST_LISTED = 40


def view_as_page(visit: Visit, words: str) -> dict[str, Any]:
    """Students by name, those left out whom nobody views as. Three queries."""
    students = _students(visit)
    if words := words.strip()[:120]:
        students = students.filter(Q(person__name__icontains=words) | Q(person__email__icontains=words))
    found = list(students[: MOST_LISTED + 1])
    return {
        "may": may_view_as(visit), "q": words, "rows": found[:MOST_LISTED], "is_more": len(found) > MOST_LISTED,
        "tas_may": ViewRules.objects.filter(course=visit.course, tas_may_view=True).exists(),
    }  # fmt: skip


def _students(visit: Visit) -> Any:
    staff_anywhere = Enrolment.objects.filter(role__in=STAFF, is_active=True).values("person")
    mine = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True, person__is_active=True)
    mine = mine.exclude(person__in=staff_anywhere).exclude(person__is_operator=True).exclude(person__is_superuser=True)
    return mine.select_related("person").order_by("person__name", "pk")


def student_get(visit: Visit, enrolment: str) -> User | None:
    """The student of an enrolment of this course; None for "any". Raises NotHere for anything else."""
    if enrolment == "any":
        return None
    mine = Enrolment.objects.select_related("person").filter(course=visit.course)
    found = mine.filter(pk=int(enrolment)).first() if enrolment.isdecimal() and len(enrolment) < 19 else None
    if found is None:
        raise NotHere("There is no such student in this course. Choose one of the list.")
    return found.person


def staff_names(visit: Visit) -> list[str]:
    """Names that the filters of the audit offer while one types: the staff. One query."""
    staff = (
        Enrolment.objects.filter(course=visit.course, role__in=STAFF).select_related("person").order_by("person__name")
    )
    return [row.person.name for row in staff[:MOST_LISTED]]
