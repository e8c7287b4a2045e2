"""Canvas's gradebook: its export is uploaded, looked at, and given back with grades in the chosen columns."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.canvas.reading import canvas_file
from grading.forms.canvas import CanvasChoices, upload_of
from grading.selectors import canvas as reading
from grading.services.canvas_files import canvas_file_choose, canvas_file_fill, canvas_file_take

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    error: AppError | None = None
    if request.method == "POST":
        try:
            return redirect("grading:canvas_file", course=visit.course.slug, canvas_file=_taken(request, visit))
        except AppError as refused:
            error = refused
    context = reading.canvas_page(visit) | {"error": error}
    return render(request, "grading/canvas.html", context, status=error.http_status if error else 200)


def _taken(request: HttpRequest, visit: Visit) -> int:
    data, name = upload_of(request)
    chosen = reading.suggested(visit, canvas_file(data), timezone.now())
    return canvas_file_take(visit=visit, data=data, file_name=name, chosen=chosen).pk


@course_page(INSTRUCTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, visit: Visit, canvas_file: int) -> HttpResponse:
    """What would be written; a POST changes what is chosen, and shows it anew."""
    row = reading.canvas_file_get(visit, canvas_file)
    plan = reading.canvas_plan(visit, row, timezone.now())
    if request.method != "POST":
        return _page(request, plan)
    choices = CanvasChoices.of(
        request.POST, {one.id for one in plan.read.columns}, {one.key for one in plan.ours} | reading.TOTAL_KEYS.keys(),
        {pair.row.number: pair.known.pk for pair in (*plan.matching.suggestions, *_confirmed(plan))},
    )  # fmt: skip
    try:
        canvas_file_choose(visit=visit, row=row, **vars(choices))
    except AppError as error:
        row.chosen = choices.chosen
        return _page(request, plan, error)
    return HttpResponseRedirect(request.path)


def _confirmed(plan: reading.Plan) -> list[Any]:
    """Who was confirmed before, and stays unless the tick is taken away."""
    return [pair for pair in plan.matching.pairs if str(pair.row.number) in plan.row.confirmed]


def _page(request: HttpRequest, plan: reading.Plan, error: AppError | None = None) -> HttpResponse:
    context = reading.canvas_file_page(plan) | {"error": error, "confirmed": _confirmed(plan)}
    return render(request, "grading/canvas_file.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def download(request: HttpRequest, visit: Visit, canvas_file: int) -> HttpResponse:
    """The same file with the chosen columns filled in, exactly as the page has shown it."""
    plan = reading.canvas_plan(visit, reading.canvas_file_get(visit, canvas_file), timezone.now())
    try:
        content = canvas_file_fill(
            visit=visit, row=plan.row, read=plan.read, columns=plan.columns, people=len(plan.matching.pairs),
            digest=request.POST.get("digest", ""),
        )  # fmt: skip
    except AppError as error:
        return _page(request, plan, error)
    response = HttpResponse(
        content, content_type="application/octet-stream"
    )  # not compressed on the way, nor read as text
    name = plan.row.file_name or f"{visit.course.slug}-canvas.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
