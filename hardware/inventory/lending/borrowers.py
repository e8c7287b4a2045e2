"""Whom of a course to tell what the desk has to know."""

from courseplatform.accounts.models import User
from courseplatform.courses.models import STAFF, Course


def staff_of(course: Course) -> list[User]:
    return list(User.objects.filter(enrolments__course=course, enrolments__is_active=True, enrolments__role__in=STAFF))
