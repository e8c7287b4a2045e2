"""Where a browser sees a course as a student: every page of that course gets the student, every other page and every writing a refusal."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import structlog
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from courseplatform.audit.models import StudentView
from courseplatform.audit.view_as.current import MARK, marked_view, seen_student, why_over
from courseplatform.audit.view_as.guard import WhileViewing, read_only
from courseplatform.audit.view_as.services import student_view_end
from courseplatform.core import error_pages
from courseplatform.core.audience import Audience, audience_of
from courseplatform.core.errors import AppError, Conflict, NotHere
from courseplatform.core.middleware import Middleware

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
STOP = "audit:view_as_stop"
AS_ONESELF = frozenset({STOP, "account_logout"})  # what ends it
OF_NOBODY = ("core:", "devices:")  # documents and boards: the same for everybody
OF_A_COURSE = frozenset(
    {Audience.COURSE_PUBLIC, Audience.COURSE_MEMBERS, Audience.COURSE_STAFF, Audience.COURSE_INSTRUCTORS}
)


class ViewAsStudent(Middleware):
    """Outside a view it looks at the session, which is read by then, and at nothing else."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if MARK not in request.session or _by_token(request):
            return self.get_response(request)
        view = marked_view(request)
        why = why_over(view, timezone.now()) if view else StudentView.Why.REFUSED
        if view is None or why:
            return _over(request, view, why)
        request.student_view = view  # type: ignore[attr-defined]
        person = request.user
        with ExitStack() as request.while_viewing:  # type: ignore[attr-defined]
            response = self.get_response(request)
        _become(request, person)  # for the logs, which are to name who asked
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        found = getattr(request, "student_view", None)
        if found is None or _name(request) in AS_ONESELF:
            return None
        try:
            _check(request, found, audience_of(view), kwargs)
        except AppError as error:
            return error_pages.answer(request, error)
        if audience_of(view) in OF_A_COURSE:
            _become(request, seen_student(found))
            structlog.contextvars.bind_contextvars(seen_as=found.student_id or 0)
        request.while_viewing.enter_context(connection.execute_wrapper(read_only))  # type: ignore[attr-defined]
        return None


def _by_token(request: HttpRequest) -> bool:
    """At the API a header decides alone who asks (accounts/api_authentication.py); the session beside it opens nothing."""
    return request.path.startswith(error_pages.API) and bool(request.META.get("HTTP_AUTHORIZATION"))


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _check(request: HttpRequest, found: StudentView, audience: Audience | None, kwargs: Mapping[str, Any]) -> None:
    """Raises WhileViewing (`viewing_read_only`, `viewing_one_course`), or NotHere for another course."""
    who = found.student.name if found.student else "a student"
    course = found.course.number or found.course.title
    if request.method not in SAFE:
        said = f"You see {course} as {who}, and nothing can be changed meanwhile. Nothing was sent: stop viewing at the top of the page first."
        raise WhileViewing(said, code="viewing_read_only")
    if kwargs.get("course", found.course.slug) != found.course.slug:
        raise NotHere(f"You see {course} as {who}, and that opens this course alone.")
    if audience not in OF_A_COURSE and not _name(request).startswith(OF_NOBODY):
        said = f"You see {course} as {who}, and that opens the pages of this course alone. Stop viewing at the top of the page to come back to your own."
        raise WhileViewing(said, code="viewing_one_course")


def _become(request: HttpRequest, person: Any) -> None:
    request.user = person
    request._cached_user = person  # type: ignore[attr-defined]  # where core/audience.py looks


def _over(request: HttpRequest, view: StudentView | None, why: str) -> HttpResponse:
    """Ended here or in another tab. Nothing is shown or done with this request: it was meant as the student's, or for the student's page."""
    del request.session[MARK]
    if view is not None:
        student_view_end(view=view, why=why)
    who = view.student.name if view and view.student else "a student"
    said = f"The view as {who} has ended{': half an hour was over' if why == StudentView.Why.TIME else ''}. You are yourself again."
    if request.method not in SAFE or error_pages.wants_json(request) or request.headers.get("HX-Request"):
        return error_pages.answer(
            request, Conflict(f"{said} Nothing was sent: go back and do it once more.", code="viewing_over")
        )
    messages.info(request, said)
    return redirect("audit:view_as", course=view.course.slug) if view else redirect("front")
