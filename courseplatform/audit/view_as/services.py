"""A view as a student begins, ends, or runs out; each with a line in the audit, in the same transaction."""

import hashlib
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.audit.models import Act, StudentView, ViewRules
from courseplatform.audit.recording import audit_record
from courseplatform.audit.view_as.rules import check_view_as
from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role

LASTS = timedelta(minutes=30)


def session_digest(key: str | None) -> str:
    return hashlib.sha256((key or "").encode()).hexdigest()


def student_words(student: User | None) -> str:
    return f"{student.name}, {student.email}" if student else "a student who sees what all see"


@transaction.atomic
def student_view_start(
    *, visit: Visit, student: User | None, session: str | None, now: datetime | None = None
) -> StudentView:
    """For half an hour, in this session alone. Raises what `check_view_as` raises, or Conflict (`views_already`)."""
    now = now or timezone.now()
    check_view_as(visit, student)
    for left in StudentView.objects.filter(by=visit.person, session=session_digest(session), ended_at=None):
        student_view_end(
            view=left, why=StudentView.Why.STOPPED, now=now
        )  # its mark never reached the session: nobody is in it
    try:
        with transaction.atomic():
            view = StudentView.objects.create(
                course=visit.course, by=visit.person, student=student, session=session_digest(session), started_at=now, ends_at=now + LASTS
            )  # fmt: skip
    except IntegrityError as error:
        said = "This browser sees a course as a student already. Stop that first: the button stands at the top of each page."
        raise Conflict(said, code="views_already") from error
    audit_record(
        course=visit.course, person=visit.person, act=Act.VIEWED_AS, what=f"Began to view the course as {student_words(student)}",
        path=visit.course.get_absolute_url(), about=student, now=now,
    )  # fmt: skip
    return view


@transaction.atomic
def student_view_end(*, view: StudentView, why: str, now: datetime | None = None) -> bool:
    """Whether this call ended it: whoever comes second changes nothing, and writes no second line."""
    now = now or timezone.now()
    at = min(now, view.ends_at)  # seen late, it ended on time all the same
    if StudentView.objects.filter(pk=view.pk, ended_at=None).update(ended_at=at, why=why) != 1:
        return False
    minutes = max(1, round((at - view.started_at).total_seconds() / 60))
    ended = f"{minutes} minute{'' if minutes == 1 else 's'}, {StudentView.Why(why).label}"
    audit_record(
        course=view.course, person=view.by, act=Act.VIEWED_AS, what=f"Ended the view as {student_words(view.student)} ({ended})",
        path=view.course.get_absolute_url(), about=view.student, now=at,
    )  # fmt: skip
    return True


def student_views_sweep(now: datetime | None = None) -> int:
    """End what nobody ended: the browser was closed, or the time ran out unseen."""
    now = now or timezone.now()
    over = StudentView.objects.select_related("course", "by", "student").filter(ended_at=None, ends_at__lte=now)
    return sum(student_view_end(view=view, why=StudentView.Why.TIME, now=now) for view in over[:500])


@transaction.atomic
def view_rules_set(*, visit: Visit, tas_may_view: bool) -> ViewRules:
    """Raises Forbidden (`instructors_only`)."""
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("Instructors decide what TAs may do.", code="instructors_only")
    rules, _ = ViewRules.objects.get_or_create(course=visit.course)
    if rules.tas_may_view != tas_may_view:
        rules.tas_may_view = tas_may_view
        rules.save(update_fields=["tas_may_view"])
        said = (
            "TAs may view the course as a student" if tas_may_view else "TAs may no longer view the course as a student"
        )
        audit_record(course=visit.course, person=visit.person, act=Act.CHANGED, what=said)
    return rules
