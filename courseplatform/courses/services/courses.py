"""Making a course."""

from django.db import IntegrityError, transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.courses.course_file.service import Plan, course_import
from courseplatform.courses.models import Course, Enrolment, Role


def course_make(*, person: User, plan: Plan) -> Course:
    """A new course of a plan: a draft, with the person as its instructor and nobody else in it.

    Raises Conflict (`slug_taken`): a course is made, never overwritten here.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = Course.objects.create(slug=plan.slug, title=plan.tree["course"]["title"], is_published=False)
        except IntegrityError as error:
            raise slug_taken(plan.slug) from error
        Enrolment.objects.create(
            course=made, person=person, role=Role.INSTRUCTOR
        )  # what the file may use is asked of it
        course, _ = course_import(plan=plan, by=person.email)
    return course


def slug_taken(slug: str) -> Conflict:
    return Conflict(f"There is a course with the address {slug} already. Choose another address.", code="slug_taken")
