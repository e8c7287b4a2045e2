"""Courses that operators want deleted at a page: a week passes first, in which it is taken back by them or by an instructor."""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.models import Course, Role
from courseplatform.keeping.models import CourseDeletion
from courseplatform.keeping.term.closing import check_typed, record
from courseplatform.keeping.term.deleting import check_may_go, course_delete, deletion_begin
from courseplatform.notices.services.notifications import notification_send

WAITS = timedelta(days=7)
BATCHES = 100  # of one sweep
log = structlog.get_logger(__name__)


def planned_for(course: Course) -> CourseDeletion | None:
    return CourseDeletion.objects.filter(course=course, taken_back_at=None).first()


def deletion_plan(*, course: Course, person: User, typed: str, now: datetime | None = None) -> CourseDeletion:
    """The course goes in a week, unless that is taken back. Its instructors are told.

    Raises BadInput (`not_confirmed`), Conflict: `not_closed`, `things_lent`, `planned_already`.
    """
    check_typed(course, typed)
    now = now or timezone.now()
    try:
        with transaction.atomic():
            row = Course.objects.select_for_update().get(pk=course.pk)
            check_may_go(row)
            found = CourseDeletion.objects.create(course=row, asked_at=now, asked_by=person.email, due_at=now + WAITS)
            record(row, person.email, person, f"Planned to delete the course on {_day(found)}")
            _tell(found)
    except IntegrityError as error:
        raise Conflict("This course is to be deleted already.", code="planned_already") from error
    return found


@transaction.atomic
def deletion_take_back(*, course: Course, person: User, now: datetime | None = None) -> None:
    """Raises Conflict: `not_planned`, `deletion_begun`."""
    Course.objects.select_for_update().get(pk=course.pk)
    found = planned_for(course)
    if found is None:
        raise Conflict("Nobody wants this course deleted.", code="not_planned")
    if found.begun_at is not None:
        raise Conflict("The deletion has begun, and there is no way back but a backup.", code="deletion_begun")
    found.taken_back_at, found.taken_back_by = now or timezone.now(), person.email
    found.save(update_fields=["taken_back_at", "taken_back_by"])
    record(course, person.email, person, "Took back that the course is to be deleted")


def deletions_sweep(*, now: datetime | None = None, batches: int = BATCHES) -> int:
    """Begin what is due, and carry on what has begun. Returns how many courses are gone. May be killed, and may run twice and at once."""
    now, over = now or timezone.now(), 0
    for row in (
        CourseDeletion.objects.filter(taken_back_at=None, due_at__lte=now)
        .select_related("course")
        .order_by("due_at", "pk")
    ):
        try:
            deletion_begin(course=row.course, by=row.asked_by, now=now)
            over += course_delete(course=row.course, batches=batches).is_over
        except Course.DoesNotExist:  # another sweep was faster
            continue
        except AppError as error:
            log.warning("course_not_deleted", course=row.course.slug, why=error.code)
    return over


def _day(found: CourseDeletion) -> str:
    return f"{found.due_at.day} {found.due_at:%B %Y}"


def _tell(found: CourseDeletion) -> None:
    course = found.course
    people = User.objects.filter(
        enrolments__course=course, enrolments__role=Role.INSTRUCTOR, enrolments__is_active=True
    )
    notification_send(
        course=course, people=people, kind="keeping", key=f"course-deletion-{found.pk}", title=f"{course.number or course.title} is deleted on {_day(found)}",
        text=f"An operator wants {escaped(course.name)} deleted: on {_day(found)} it goes with everything that is in it. Fetch its archive before, or take the "
        "deletion back, on the page End of term of the course.",
        path=f"{course.get_absolute_url()}term/",
    )  # fmt: skip
