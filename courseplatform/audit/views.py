"""The page of the audit and its CSV, for instructors; and the pages that begin and end a view as a student."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.audit.models import Act, StudentView
from courseplatform.audit.question import Question, QuestionForm
from courseplatform.audit.selectors import MOST_EXPORTED, audit_page
from courseplatform.audit.view_as.current import MARK, any_student, marked_view
from courseplatform.audit.view_as.reading import staff_names, student_get, view_as_page
from courseplatform.audit.view_as.services import student_view_end, student_view_start, view_rules_set
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
COLUMNS = ("at", "who", "address or name", "did", "what", "where", "about", "about address", "network", "request")


@course_page(INSTRUCTORS)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = QuestionForm(request.GET)
    context: dict[str, Any] = {
        "form": form,
        "acts": Act.choices,
        "people": staff_names(visit),
        "days": settings.AUDIT_DAYS,
    }
    if not form.is_valid():
        return render(request, "audit/index.html", context, status=422)
    question = Question.of(visit.course, form.cleaned_data, request.GET.get("before", ""))
    page, day = audit_page(visit.course, question), form.data.get("day", "")
    context |= {
        "page": page, "query": question.address(day), "older": question.address(day, page.next) if page.next else "",
        "is_later": question.place is not None,
    }  # fmt: skip
    return render(request, "audit/index.html", context)


@course_page(INSTRUCTORS)
@require_safe
def index_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The newest 5000 lines that fit; a day or a person asks for less."""
    form = QuestionForm(request.GET)
    if not form.is_valid():
        return redirect("audit:index", course=visit.course.slug)
    lines = audit_page(visit.course, Question.of(visit.course, form.cleaned_data), MOST_EXPORTED).lines
    rows = [
        (line.at.isoformat(), line.who, line.actor, line.act.label, line.what, line.path, line.about.name if line.about else "",
         line.about.email if line.about else "", line.network, line.request_id)
        for line in lines
    ]  # fmt: skip
    return csv_response(f"{visit.course.slug}-audit.csv", COLUMNS, rows)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def view_as(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose a student, or nobody in particular, and see the course as they do."""
    if request.method != "POST":
        return render(request, "audit/view_as.html", view_as_page(visit, request.GET.get("q", "")))
    student = student_get(visit, request.POST.get("student", ""))
    if student is None:
        any_student()
    view = student_view_start(visit=visit, student=student, session=request.session.session_key)
    request.session[MARK] = view.pk
    return redirect(visit.course)


@course_page(STAFF)
@require_POST
def view_as_stop(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Back to oneself. Pressed twice, or after it ended by itself, it does no harm."""
    view = marked_view(request)
    request.session.pop(MARK, None)
    if view is not None:
        student_view_end(view=view, why=StudentView.Why.STOPPED)
        messages.success(request, "You are yourself again.")
    return redirect("audit:view_as", course=visit.course.slug)


@course_page(INSTRUCTORS)
@require_POST
def view_rules(request: HttpRequest, visit: Visit) -> HttpResponse:
    rules = view_rules_set(visit=visit, tas_may_view=request.POST.get("tas") == "on")
    messages.success(
        request,
        "TAs may view the course as a student."
        if rules.tas_may_view
        else "Only instructors view the course as a student.",
    )
    return redirect("audit:view_as", course=visit.course.slug)
