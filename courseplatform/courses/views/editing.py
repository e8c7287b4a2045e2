"""Changing the schedule in place: a session's form, publishing, deleting, and the log of changes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.forms import SessionForm, initial_of
from courseplatform.courses.models import Course, Role, ScheduleChange, Session
from courseplatform.courses.services.sessions import session_delete, session_get, session_save, what_follows

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
def session(request: HttpRequest, visit: Visit, session: int) -> HttpResponse:
    """The form of a session: a page of its own, or, asked for by htmx, in the place of the session on the schedule."""
    found = session_get(visit, session)
    if request.method == "POST":
        return _save(request, visit, SessionForm(request.POST), found)
    return _form(request, SessionForm(initial=initial_of(found)), found)


@course_page(INSTRUCTORS)
def session_new(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method == "POST":
        return _save(request, visit, SessionForm(request.POST), None)
    return _form(request, SessionForm(initial={"kind": Session.Kind.LECTURE, "tell": True}), None)


def _save(request: HttpRequest, visit: Visit, form: SessionForm, found: Session | None) -> HttpResponse:
    if not form.is_valid():
        return _form(request, form, found, status=422)
    seen = form.cleaned_data["sequence"] if found else None
    try:
        saved = session_save(
            visit=visit,
            pk=found.pk if found else None,
            values=form.values(found),
            tell=form.cleaned_data["tell"],
            seen_sequence=seen,
        )
    except (BadInput, Conflict) as error:
        form.add_error(None, error.message)
        return _form(request, form, found, status=error.http_status)
    messages.success(request, _said(saved.change))
    return _to_schedule(request, visit.course, saved.session.pk)


def _said(change: ScheduleChange | None) -> str:
    if change is None:
        return "Nothing was changed."
    return f"{change.sentence} {'The members are told.' if change.is_told else 'Nobody was told.'}"


def _form(request: HttpRequest, form: SessionForm, found: Session | None, status: int = 200) -> HttpResponse:
    is_part = bool(getattr(request, "htmx", False))
    context: dict[str, Any] = {
        "form": form,
        "session": found,
        "follows": what_follows(found) if found else [],
        "in_place": is_part,
    }
    template = "courses/_session_form.html" if is_part else "courses/session.html"
    return render(request, template, context, status=status)


def _to_schedule(request: HttpRequest, course: Course, pk: int | None = None) -> HttpResponse:
    address = reverse("courses:schedule", args=[course.slug]) + (f"#session-{pk}" if pk else "")
    if not getattr(request, "htmx", False):
        return redirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    response["HX-Refresh"] = "true"
    return response


@course_page(INSTRUCTORS)
@require_POST
def session_publish(request: HttpRequest, visit: Visit, session: int) -> HttpResponse:
    """Puts it on the schedule or takes it off, as the form says."""
    saved = session_save(visit=visit, pk=session, values={"is_published": request.POST.get("published") == "1"})
    messages.success(request, _said(saved.change))
    return _to_schedule(request, visit.course, session)


@course_page(INSTRUCTORS)
@require_POST
def session_delete_view(request: HttpRequest, visit: Visit, session: int) -> HttpResponse:
    try:
        session_delete(visit=visit, pk=session)
    except AppError as error:
        messages.error(request, error.message)
        return redirect("courses:session", course=visit.course.slug, session=session)
    messages.success(request, "The session is gone.")
    return _to_schedule(request, visit.course)


@course_page()
@require_safe
def changes(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What was changed since the schedule was published; students see what they were told."""
    rows = ScheduleChange.objects.filter(course=visit.course)
    shown = rows if visit.is_staff else rows.filter(is_told=True)
    return render(request, "courses/changes.html", {"changes": shown[:200]})
