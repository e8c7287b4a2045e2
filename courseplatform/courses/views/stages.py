"""The stages of the project on a page: changed after a look at what follows."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.course_file.reading import FileError
from courseplatform.courses.course_file.service import Plan, sign_of, tree_of
from courseplatform.courses.models import Role
from courseplatform.courses.services.stages import stages_plan, stages_save
from courseplatform.courses.stages import charge_mah
from courseplatform.courses.stages_form import BaseStages, stages_form


@course_page(frozenset({Role.INSTRUCTOR}))
@require_http_methods(["GET", "HEAD", "POST"])
def stages(request: HttpRequest, visit: Visit) -> HttpResponse:
    known = [(item["slug"], item["short"]) for item in tree_of(visit.course).get("assignments", [])]
    rows = stages_form(visit.course, known, request.POST if request.method == "POST" else None)
    if not rows.is_bound:
        return _page(request, visit, rows)
    if not rows.is_valid():
        return _page(request, visit, rows, status=422)
    try:
        if request.POST.get("do") == "save":
            stages_save(visit=visit, stages=rows.items(), seen=request.POST.get("seen", ""))
            messages.success(request, "The stages are changed.")
            return redirect("courses:stages", course=visit.course.slug)
        plan = stages_plan(course=visit.course, stages=rows.items())
    except FileError as error:
        return _page(request, visit, rows, wrong=[finding.sentence for finding in error.findings], status=422)
    except AppError as error:
        return _page(request, visit, rows, wrong=[error.message], status=error.http_status)
    return _page(request, visit, rows, plan)


def _page(
    request: HttpRequest,
    visit: Visit,
    rows: BaseStages,
    plan: Plan | None = None,
    wrong: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"rows": rows, "plan": plan, "wrong": wrong or [], "charge": charge_mah(visit.course)}
    if plan is not None:
        context["seen"] = sign_of(plan)
    return render(request, "courses/stages.html", context, status=status)
