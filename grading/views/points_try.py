"""Trying what a lab would give: a page, and the parts of it that change when a slider moves."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.course_file.assignment_item import item_of, session_days
from grading.forms.editing.whole import EditForm
from grading.selectors import editing
from grading.selectors.assignments import assignment_get
from grading.selectors.points_try import trial_context

LIVE = "grading/_try_live.html"


@course_page()
@require_safe
def try_points(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """The whole page; a slider that moves asks for what changes alone."""
    found = assignment_get(visit, assignment)
    context = trial_context(visit, found, request.GET.dict())
    if not context or not context["trial"].has_sliders:
        raise NotHere(f"{found.short} has no rules of points that could be tried.")
    context |= {"assignment": found}
    return render(request, LIVE if getattr(request, "htmx", None) else "grading/try_points.html", context)


@course_page(frozenset({Role.INSTRUCTOR}))
@require_POST
def try_edited(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """The same for the criteria in the form in which an assignment is changed, before anything is saved."""
    found = assignment_get(visit, assignment)
    days = session_days(visit.course)
    form = EditForm(found, item_of(found, days), request.POST, days=days, sets=editing.hidden_choices(visit))
    context: dict[str, Any] = {"assignment": found} | editing.criteria_context(form, found, request.POST.dict())
    return render(request, LIVE, context)
