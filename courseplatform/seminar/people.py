"""Names and days as the pages write them, and whom to tell."""

from collections.abc import Iterable
from datetime import date

from courseplatform.accounts.models import User
from courseplatform.courses.models import STAFF, Course, Enrolment, Role


def short_name(name: str) -> str:
    """Ruth Adeyemi -> R. Adeyemi."""
    words = name.split()
    return f"{words[0][0]}. {words[-1]}" if len(words) > 1 else name


def and_list(words: Iterable[str]) -> str:
    """a, b and c."""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def day_words(day: date | None) -> str:
    """Tue Oct 31."""
    return f"{day:%a %b} {day.day}" if day else "a day to be set"


def staff_of(course: Course) -> list[User]:
    return list(User.objects.filter(enrolments__course=course, enrolments__is_active=True, enrolments__role__in=STAFF))


def students_of(course: Course) -> list[User]:
    """Active students by name."""
    found = Enrolment.objects.filter(course=course, is_active=True, role=Role.STUDENT).select_related("person")
    return [enrolment.person for enrolment in found.order_by("person__name", "person_id")]
