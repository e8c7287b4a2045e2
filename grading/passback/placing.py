"""What can be placed in an LMS: the published assignments."""

from courseplatform.courses.models import Course
from courseplatform.lti.hooks import Offer
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.passback.worth import worth_of


def offers(course: Course) -> list[Offer]:
    rows = Assignment.objects.of(course).select_related("course").order_by("position", "pk")
    return [Offer(row.slug, row.full_title, worth_of(row) or None, page=grade_path(row, "passback")) for row in rows]


def address(course: Course, key: str) -> str | None:
    found = Assignment.objects.of(course).filter(slug=key).select_related("course").first()
    return found.get_absolute_url() if found else None
