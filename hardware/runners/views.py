"""Pages of the runners of a course, for its staff; and the agent, for anybody."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.audience import public
from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from hardware import agent_archive
from hardware.models import Duty
from hardware.runners import selectors
from hardware.runners.duty import duty_change, health_clear
from hardware.runners.enrolling import code_make, runner_add
from hardware.runners.forms import RunnerForm

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FIELD_OF = {
    "runner_name_taken": "name",
    "no_name": "name",
    "unknown_device": "device",
    "item_has_runner": "item",
    "bad_tag": "tags",
    "too_many_tags": "tags",
}


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    page = selectors.fleet_page(visit, timezone.now()) | {"may_add": visit.role == Role.INSTRUCTOR}
    return render(request, "hardware/runners/index.html", page)


@course_page(STAFF)
@require_safe
def live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table alone, which the page asks for while it is looked at."""
    return render(
        request, "hardware/runners/_table.html", {"rows": selectors.fleet_rows(visit, timezone.now()), "visit": visit}
    )


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = RunnerForm(request.POST or None, visit=visit)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            runner, code = runner_add(
                visit=visit,
                name=said["name"],
                device=said["device"],
                tags=said["tags"].split(),
                team=said["team"],
                item=said["item"],
            )
        except AppError as error:
            form.add_error(FIELD_OF.get(error.code), error.message)
        else:
            return _coded(request, visit, runner.pk, code)
    return render(request, "hardware/runners/new.html", {"form": form}, status=422 if form.errors else 200)


def _coded(request: HttpRequest, visit: Visit, runner: Any, code: str) -> HttpResponse:
    """The code is shown by this answer alone: it stands in no address and in no session."""
    row = selectors.runner_get(visit, runner)
    site = request.build_absolute_uri("/").rstrip("/")
    answer = render(
        request, "hardware/runners/code.html", {"runner": row, "code": code, "site": site, "agent": agent_archive.NAME}
    )
    answer["Cache-Control"] = "no-store"
    return answer


@course_page(STAFF)
@require_safe
def show(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    page = selectors.runner_page(visit, selectors.runner_get(visit, runner), timezone.now())
    return render(request, "hardware/runners/show.html", page | {"may_edit": visit.role == Role.INSTRUCTOR})


@course_page(STAFF)
@require_safe
def log(request: HttpRequest, visit: Visit, runner: UUID, board_job: UUID) -> HttpResponse:
    return render(
        request, "hardware/runners/log.html", selectors.log_page(visit, selectors.runner_get(visit, runner), board_job)
    )


@course_page(INSTRUCTORS)
@require_POST
def code(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    row = selectors.runner_get(visit, runner)
    return _coded(request, visit, row.pk, code_make(runner=row, by=visit.by))


@course_page(STAFF)
@require_POST
def duty(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    """Raises BadInput (`bad_duty`) and what `duty_change` raises."""
    row, to = selectors.runner_get(visit, runner), request.POST.get("to", "")
    if to not in Duty.values:
        raise BadInput("Choose what the runner is to do.", code="bad_duty")
    changed = duty_change(visit=visit, runner=row, to=Duty(to), why=request.POST.get("why", ""))
    messages.success(request, f"{changed.name}: {changed.get_status_display().lower()}.")
    return redirect("runners:show", course=visit.course.slug, runner=row.pk)


@course_page(STAFF)
@require_POST
def clear(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    row = health_clear(visit=visit, runner=selectors.runner_get(visit, runner), why=request.POST.get("why", ""))
    messages.success(request, f"{row.name} measures its golden model next; then it is given work again.")
    return redirect("runners:show", course=visit.course.slug, runner=row.pk)


@public
@require_safe
def agent(request: HttpRequest) -> HttpResponse:
    """The agent as one file."""
    answer = HttpResponse(agent_archive.archive(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{agent_archive.NAME}"'
    answer["X-Content-Version"] = agent_archive.version()
    return answer
