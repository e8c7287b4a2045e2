"""Publishing an assignment, taking it back, taking it away and bringing it back: each is confirmed on a page that says what it means."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.core.errors import Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Enrolment, Role
from grading.selectors.assignments import assignment_get
from grading.services.assignment_editing import (
    assignment_publish,
    assignment_remove,
    assignment_restore,
    assignment_unpublish,
    named_in,
    not_ready,
)
from grading.services.assignment_rows import was_begun
from grading.views.editing import FORM_METHODS, INSTRUCTORS
from grading.views.lab_preview import lab_html


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def publish(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """What goes out, and to how many; then it does."""
    found, error = assignment_get(visit, assignment), None
    if request.method == "POST":
        try:
            assignment_publish(visit=visit, slug=found.slug)
        except Conflict as refused:
            error = refused
        else:
            messages.success(request, f"{found.short} is published. Members are told.")
            return redirect(found.get_absolute_url())
    context = {
        "assignment": found,
        "error": error,
        "missing": not_ready(found),
        "people": Enrolment.objects.filter(course=visit.course, is_active=True).exclude(role=Role.INSTRUCTOR).count(),
        "lab": lab_html(request, visit, found.slug),
    }
    return render(request, "grading/publish.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def unpublish(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    try:
        assignment_unpublish(visit=visit, slug=found.slug)
        messages.success(request, f"{found.short} is a draft again; only the staff see it.")
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("grading:assignment_edit", course=visit.course.slug, assignment=found.slug)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def remove(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, error = assignment_get(visit, assignment), None
    if request.method == "POST":
        try:
            is_gone = assignment_remove(visit=visit, slug=found.slug)
        except Conflict as refused:
            error = refused
        else:
            kept = "is gone." if is_gone else "is withdrawn. What was handed in is kept, and you can bring it back."
            messages.success(request, f"{found.short} {kept}")
            return redirect("grading:assignments", course=visit.course.slug)
    context = {"assignment": found, "error": error, "is_begun": was_begun(found), "places": named_in(found)}
    return render(request, "grading/remove.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def restore(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_restore(visit=visit, slug=assignment)
    messages.success(request, f"{found.short} is back.")
    return redirect(found.get_absolute_url())
