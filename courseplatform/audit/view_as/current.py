"""Which view a request stands in, and the copy of the student that its pages get in place of the person."""

import copy
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from courseplatform.accounts.models import User
from courseplatform.audit.models import StudentView
from courseplatform.audit.view_as.rules import check_view_as
from courseplatform.audit.view_as.services import session_digest
from courseplatform.core.errors import AppError
from courseplatform.courses.access import visit_of

MARK = "student_view"  # in the session: the key of the row. It opens nothing by itself, the row must be of this session and person
ANY_EMAIL = "any.student@view.invalid"  # `.invalid` is nobody's for ever (RFC 2606)


def marked_view(request: HttpRequest) -> StudentView | None:
    """The row that the session names, if it is of this session and person, whether it still holds or not."""
    mark = request.session.get(MARK)
    if not isinstance(mark, int) or not isinstance(request.user, User):
        return None
    mine = StudentView.objects.select_related("course", "student", "by")
    return mine.filter(pk=mark, by=request.user, session=session_digest(request.session.session_key)).first()


def why_over(view: StudentView, now: datetime) -> str:
    """A value of StudentView.Why, or "" as long as it holds. What allowed it at the beginning is asked anew each time."""
    if view.ended_at is not None:
        return view.why
    if now >= view.ends_at:
        return StudentView.Why.TIME
    try:
        check_view_as(visit_of(view.by, view.course.slug), view.student)
    except AppError:
        return StudentView.Why.REFUSED
    return ""


def seen_student(view: StudentView) -> User:
    """A copy of the student that knows who looks, and opens this course alone."""
    person = copy.copy(view.student) if view.student is not None else any_student()
    person.seen_by, person.seen_in = view.by, view.course.slug
    return person


def any_student() -> User:
    """One row for the whole site that is in no course, signs in nowhere, and stands for whoever has done nothing yet."""
    made = {"name": "A student", "is_active": False, "password": make_password(None)}
    person, _ = User.objects.get_or_create(email=ANY_EMAIL, defaults=made)
    person.is_any_student = True
    return person
