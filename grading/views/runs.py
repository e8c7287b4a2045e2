"""One run: the page that waits with the student, and the result."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import Conflict
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from grading.selectors import results, run_measured
from grading.services import runs as services
from grading.services import superseding


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    return render(request, "grading/run.html", results.page(visit, found, timezone.now(), request.GET.get("board", "")))


@course_page()
@require_safe
def live(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    """The part of the page that changes; once the run has ended the browser is told to load the whole page."""
    if not results.is_open(visit, run):
        return HttpResponse(headers={"HX-Refresh": "true"})
    found = results.run_get(visit, run)
    return render(request, "grading/_run_live.html", results.page(visit, found, timezone.now()))


@course_page()
@require_POST
def cancel(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    services.run_cancel(visit=visit, run=found)
    if request.POST.get("back") == "line" and visit.is_staff:
        said = f"{found.submission.assignment.short}, attempt {found.submission.number} by {found.submission.owner}"
        messages.success(request, f"{said} is cancelled; it costs no attempt")
        return redirect("grading:line", course=visit.course.slug)
    return HttpResponseRedirect(found.get_absolute_url())


@course_page()
@require_POST
def take_over(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    older = superseding.run_take_over(visit=visit, run=found)
    messages.success(
        request, f"Attempt {found.submission.number} is measured in the place of attempt {older.submission.number}"
    )
    return HttpResponseRedirect(found.get_absolute_url())


@course_page()
@require_POST
def again(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = services.run_again(visit=visit, run=results.run_get(visit, run))
    return HttpResponseRedirect(found.get_absolute_url())


@course_page()
@require_safe
def result_json(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    if not hasattr(found, "result"):
        raise Conflict("This run has no result.", code="no_result")
    response = JsonResponse(run_measured.result_file(found.result), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="{found.submission.receipt}.json"'
    return response


@course_page()
@require_safe
def result_csv(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    """The points line by line and the metrics; each figure has its own CSV."""
    found = results.run_get(visit, run)
    if not hasattr(found, "result"):
        raise Conflict("This run has no result.", code="no_result")
    rows = run_measured.points_rows(found.result)
    return csv_response(f"{found.submission.receipt}.csv", run_measured.POINTS_COLUMNS, rows)


@course_page()
@require_safe
def plot(request: HttpRequest, visit: Visit, run: UUID, figure: str) -> HttpResponse:
    drawn = run_measured.figure(results.run_get(visit, run), figure, request.GET.get("board", ""))
    return JsonResponse(drawn.plot or {})


@course_page()
@require_safe
def csv(request: HttpRequest, visit: Visit, run: UUID, figure: str) -> HttpResponse:
    found = results.run_get(visit, run)
    drawn = run_measured.figure(found, figure, request.GET.get("board", ""))
    return csv_response(f"{found.submission.receipt}-{figure}.csv", drawn.columns, drawn.rows)
