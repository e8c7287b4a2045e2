"""Pages of the runners of a course, for its staff; and the agent, for anybody."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.audience import public
from courseplatform.core.errors import AppError, NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from courseplatform.teams.models import Team
from hardware import agent_archive
from hardware.models import Runner
from hardware.ondevice.runner.client import LOOPBACK
from hardware.runners.alerts import open_alerts
from hardware.runners.enrolling import runner_add
from hardware.runners.forms import RunnerForm
from hardware.runners.selectors import board, drawn, fleet, jobs
from hardware.runners.selectors.rows import runner_get

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FIELD_OF = {
    "runner_name_taken": "name", "no_name": "name", "unknown_device": "device", "item_has_runner": "item", "bad_tag": "tags", "too_many_tags": "tags",
}  # fmt: skip


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    page = fleet.fleet_page(visit, timezone.now()) | {"alerts": open_alerts(visit.course)}
    return render(request, "hardware/runners/index.html", page | {"may_add": visit.role == Role.INSTRUCTOR})


@course_page(STAFF)
@require_safe
def live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table and what waits, which the pages ask for while they are looked at."""
    return render(request, "hardware/runners/_live.html", fleet.live_part(visit, timezone.now()))


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = RunnerForm(request.POST or None, visit=visit)
    if request.method == "POST" and form.is_valid():
        try:
            runner, code = runner_add(visit=visit, **form.values())
        except AppError as error:
            form.add_error(FIELD_OF.get(error.code), error.message)
        else:
            return coded(request, visit, runner.pk, code)
    return render(request, "hardware/runners/new.html", {"form": form}, status=422 if form.errors else 200)


def coded(request: HttpRequest, visit: Visit, runner: Any, code: str) -> HttpResponse:
    row = runner_get(visit, runner)
    told = reverse("runners:arrival", kwargs={"course": visit.course.slug, "runner": row.pk})
    return code_page(request, row, code, told)


def code_page(
    request: HttpRequest, runner: Runner, code: str, arrival_url: str, team: Team | None = None
) -> HttpResponse:
    """The code is shown by this answer alone: it stands in no address and in no session. team: whose own runner it is."""
    page = {
        "runner": runner,
        "team": team,
        "code": code,
        "site": request.build_absolute_uri("/").rstrip("/"),
        "agent": agent_archive.NAME,
        "plain_http": not request.is_secure() and request.get_host().partition(":")[0] not in LOOPBACK,
    }
    answer = render(
        request,
        "hardware/runners/code.html",
        page | {"arrival_url": arrival_url} | board.arrival(runner, timezone.now()),
    )
    answer["Cache-Control"] = "no-store"
    return answer


@course_page(STAFF)
@require_safe
def arrival(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    """How far a new machine is, for the page that shows its code."""
    return render(request, "hardware/runners/_arrival.html", board.arrival(runner_get(visit, runner), timezone.now()))


@course_page(STAFF)
@require_safe
def show(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    page = board.runner_page(visit, runner_get(visit, runner), timezone.now(), request.GET.dict())
    return render(request, "hardware/runners/show.html", page | {"may_edit": visit.role == Role.INSTRUCTOR})


@course_page(STAFF)
@require_safe
def now(request: HttpRequest, visit: Visit, runner: UUID) -> HttpResponse:
    """What one board does, which its page asks for while it is looked at."""
    found = board.board_now(visit, runner_get(visit, runner), timezone.now())
    return render(request, "hardware/runners/_now.html", found)


@course_page(STAFF)
@require_safe
def plot(request: HttpRequest, visit: Visit, runner: UUID, figure: str) -> HttpResponse:
    """A figure as Plotly's JSON. Raises NotHere: also where there is nothing to draw."""
    found = drawn.figure_of(runner_get(visit, runner), figure, request.GET.get("span", ""), timezone.now())
    if found.plot is None:
        raise NotHere("There is nothing to draw of this runner yet.")
    return JsonResponse(found.plot)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, runner: UUID, figure: str) -> HttpResponse:
    """Checks, hours (use), samples (heat) or jobs of one board, all that are kept. Raises NotHere."""
    row = runner_get(visit, runner)
    name = f"{visit.course.slug}-{row.pk}-{figure}.csv"
    if figure == "jobs":
        return csv_response(name, jobs.COLUMNS, jobs.spells_csv(row, jobs.SpellFilter.of(request.GET.dict())))
    if figure not in drawn.CSV_COLUMNS:
        raise NotHere("There is no such table of a runner.")
    return csv_response(name, drawn.CSV_COLUMNS[figure], drawn.csv_rows(row, figure))


@course_page(STAFF)
@require_safe
def log(request: HttpRequest, visit: Visit, runner: UUID, board_job: UUID) -> HttpResponse:
    """One spell with its log. `?attempt=` names another than the last."""
    page = jobs.log_page(visit, runner_get(visit, runner), board_job, request.GET.get("attempt", ""))
    return render(request, "hardware/runners/log.html", page)


@course_page(STAFF)
@require_safe
def log_text(request: HttpRequest, visit: Visit, runner: UUID, board_job: UUID) -> HttpResponse:
    """`?attempt=&offset=`: the log from this byte on, as text; headers say where the next piece begins and whether one may come."""
    row = runner_get(visit, runner)
    job = jobs.job_of(visit, row, board_job)
    spell = jobs.attempt_of(row, job, request.GET.get("attempt", ""))
    asked = request.GET.get("offset", "")
    text, upto = jobs.log_from(
        job, spell.attempt, int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0
    )
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["X-Log-Next"], answer["X-Log-Open"] = str(upto), "1" if spell.ended_at is None else "0"
    answer["X-Content-Type-Options"], answer["Cache-Control"] = "nosniff", "no-store"
    return answer


@public
@require_safe
def agent(request: HttpRequest) -> HttpResponse:
    """The agent as one file."""
    answer = HttpResponse(agent_archive.archive(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{agent_archive.NAME}"'
    answer["X-Content-Version"] = agent_archive.version()
    return answer
