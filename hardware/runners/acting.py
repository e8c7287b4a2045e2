"""What the staff do with a runner: duty, checks, codes, editing. Each says what follows before it is done."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.models import Duty, Runner
from hardware.runners.changing import runner_change
from hardware.runners.duty import duty_change, health_clear, runner_retire
from hardware.runners.enrolling import code_make
from hardware.runners.forms import RunnerForm
from hardware.runners.matching import boards_read
from hardware.runners.selectors.board import RETIRE, Deed, deeds
from hardware.runners.selectors.rows import runner_get
from hardware.runners.views import FIELD_OF, INSTRUCTORS, coded

FORM_METHODS = ["GET", "HEAD", "POST"]


@course_page(INSTRUCTORS)
@require_POST
def code(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    row = runner_get(visit, runner)
    return coded(request, visit, row.pk, code_make(runner=row, by=visit.by))


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    row = runner_get(visit, runner)
    form = RunnerForm(request.POST or None, visit=visit, runner=row)
    if request.method == "POST" and form.is_valid():
        try:
            runner_change(visit=visit, runner=row, **form.values())
        except AppError as error:
            form.add_error(FIELD_OF.get(error.code), error.message)
        else:
            messages.success(request, "Changed. What it measured before keeps the name that it had.")
            return redirect("runners:show", course=visit.course.slug, runner=row.pk)
    return render(
        request, "hardware/runners/new.html", {"form": form, "runner": row}, status=422 if form.errors else 200
    )


@course_page(STAFF)
@require_http_methods(FORM_METHODS)
def duty(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    """GET `?to=`: what follows from it. POST: it is done. Raises BadInput (`bad_duty`) and what `duty_change` raises."""
    row, asked = runner_get(visit, runner), request.POST if request.method == "POST" else request.GET
    to = asked.get("to", "")
    if request.method != "POST":
        return render(request, "hardware/runners/duty.html", {"runner": row, "deed": _deed(row, to)})
    changed = _done(visit, row, to, asked.get("why", ""))
    retires = " It is gone when it has ended its run." if changed.retires else ""
    messages.success(request, f"{changed.name}: {changed.get_status_display().lower()}.{retires}")
    return redirect("runners:show", course=visit.course.slug, runner=row.pk)


def _deed(runner: Runner, to: str) -> Deed:
    found = next((deed for deed in deeds(boards_read([runner])[0], timezone.now()) if deed.to == to), None)
    if found is None:
        raise BadInput(f"This cannot be done with {runner.name} now. Its page shows what can.", code="bad_duty")
    return found


def _done(visit: Visit, runner: Runner, to: str, why: str) -> Any:
    if to == RETIRE:
        return runner_retire(visit=visit, runner=runner, why=why)
    if to not in Duty.values:
        raise BadInput("Choose what the runner is to do.", code="bad_duty")
    return duty_change(visit=visit, runner=runner, to=Duty(to), why=why)


@course_page(STAFF)
@require_POST
def clear(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    row = health_clear(visit=visit, runner=runner_get(visit, runner), why=request.POST.get("why", ""))
    messages.success(request, f"{row.name} measures its golden model next; then it is given work again.")
    return redirect("runners:show", course=visit.course.slug, runner=row.pk)
