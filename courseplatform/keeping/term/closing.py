"""Closing a course and opening it again. What a closed course refuses is asked at its doors (courses/closing.py)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.audit.models import Act, AuditRow
from courseplatform.audit.recording import audit_record
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.closing import unfinished_of
from courseplatform.courses.models import Course, Enrolment
from courseplatform.keeping.models import CourseDeletion


@transaction.atomic
def course_close(*, course: Course, by: str, person: User | None = None, now: datetime | None = None) -> Course:
    """From now on nobody changes anything in this course. What is unfinished stays so.

    Whoever hands in holds the lock of their enrolment: they are waited for, and what they began counts as going on.

    Raises Conflict: `closed_already`, `runs_in_progress`.
    """
    list(Enrolment.objects.select_for_update(no_key=True).filter(course=course).order_by("pk").values_list("pk"))
    row = Course.objects.select_for_update().get(pk=course.pk)
    if row.is_closed:
        raise Conflict("This course is closed already.", code="closed_already")
    going = [one for one in unfinished_of(row) if one.blocks]
    if going:
        said = ", ".join(f"{one.title.lower()}: {one.count}" for one in going)
        raise Conflict(
            f"Work goes on in this course, and its end would be lost: {said}. Wait for it or stop it, then close the course.",
            code="runs_in_progress", details={"waits_for": {one.title: one.count for one in going}},
        )  # fmt: skip
    row.closed_at, row.closed_by = now or timezone.now(), by
    row.save(update_fields=["closed_at", "closed_by"])
    record(row, by, person, "Closed the course: nobody changes anything in it")
    return row


@transaction.atomic
def course_open(*, course: Course, by: str, person: User | None = None) -> Course:
    """Everything may be changed again, as before. Raises Conflict: `not_closed`, `to_be_deleted`."""
    row = Course.objects.select_for_update().get(pk=course.pk)
    if not row.is_closed:
        raise Conflict("This course is open.", code="not_closed")
    if CourseDeletion.objects.filter(course=row, taken_back_at=None).exists():
        said = "This course is to be deleted. Take that back first, where it has not begun; then it can be opened."
        raise Conflict(said, code="to_be_deleted")
    row.closed_at, row.closed_by = None, ""
    row.save(update_fields=["closed_at", "closed_by"])
    record(row, by, person, "Opened the course again")
    return row


def check_typed(course: Course, typed: str) -> None:
    """Whoever does something to a whole course types its name in addresses. Raises BadInput (`not_confirmed`)."""
    if typed.strip() != course.slug:
        said = f"Type {course.slug}, the name of this course in addresses, to confirm. Nothing was changed."
        raise BadInput(said, code="not_confirmed", details={"field": "typed"})


def record(course: Course, by: str, person: User | None, what: str) -> None:
    """A line of the audit of the course, by somebody at a page or by a command."""
    path = f"{course.get_absolute_url()}term/"
    if person is not None:
        audit_record(course=course, person=person, act=Act.CHANGED, what=what, path=path)
    else:
        AuditRow.objects.create(course=course, actor=by, act=Act.CHANGED, what=what[:200], path=path)
