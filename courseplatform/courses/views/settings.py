"""The course's own facts on a page: changed after a look at what follows."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.course_file.reading import FileError
from courseplatform.courses.course_file.service import Plan, sign_of
from courseplatform.courses.models import Role
from courseplatform.courses.services.settings import settings_plan, settings_save
from courseplatform.courses.settings_form import FIELD_OF, SettingsForm, what_follows


@course_page(frozenset({Role.INSTRUCTOR}))
def settings(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method != "POST":
        return _page(request, SettingsForm.of(visit.course))
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    values = form.values()
    try:
        if request.POST.get("do") == "save":
            course = settings_save(visit=visit, values=values, seen=request.POST.get("seen", ""))
            messages.success(request, "The course is changed.")
            return redirect("courses:settings", course=course.slug)
        plan = settings_plan(course=visit.course, values=values)
    except FileError as error:
        for finding in error.findings:
            form.add_error(FIELD_OF.get(finding.code), finding.sentence)
        return _page(request, form, status=422)
    except AppError as error:
        form.add_error(None, error.message)
        return _page(request, form, status=error.http_status)
    return _page(request, form, plan, what_follows(visit.course, values))


def _page(
    request: HttpRequest,
    form: SettingsForm,
    plan: Plan | None = None,
    follows: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "plan": plan, "follows": follows or []}
    if plan is not None:
        context["seen"] = sign_of(plan)
    return render(request, "courses/settings.html", context, status=status)
