"""Trying a policy out: a made-up hand-in with its explanation, and the course as a file for `manage.py late_report`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.forms.late_days import TryForm, add_refusal
from grading.late_rows.facts import policy_for
from grading.selectors.late_export import late_report_text
from grading.selectors.late_try import tried

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_safe
def try_out(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The made-up hand-in stands in the address, so that two people can look at the same one. Nothing is written."""
    is_asked = "at" in request.GET
    form = TryForm(visit, request.GET if is_asked else None)
    context: dict[str, Any] = {"form": form, "has_policy": policy_for(visit.course) is not None, "verdicts": []}
    status = 200
    if is_asked and form.is_valid():
        try:
            context["verdicts"] = tried(visit, **form.cleaned_data)
        except (BadInput, Conflict) as error:
            add_refusal(form, error)
    if form.errors:
        status = 422
    return render(request, "grading/late_staff_try.html", context, status=status)


@course_page(INSTRUCTORS)
@require_safe
def late_report_file(request: HttpRequest, visit: Visit) -> HttpResponse:
    text = late_report_text(visit.course)
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{visit.course.slug}-late-days.yaml"'
    return response
