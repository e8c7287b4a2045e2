"""Re-runs of a lab: their history, the dry run of one, and its end. The staff read; instructors begin and decide."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.models.reruns import RerunStatus
from grading.selectors import reruns as reading
from grading.selectors.assignments import assignment_get
from grading.services.reruns import rerun_apply, rerun_begin, rerun_discard

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """The history; sent as a form it begins one. A refusal shows the page again with what was typed."""
    found, error = assignment_get(visit, assignment), None
    typed = {"kind": request.POST.get("kind", ""), "reason": request.POST.get("reason", "")}
    if request.method == "POST":
        try:
            made = rerun_begin(visit=visit, assignment=found, kind=typed["kind"], reason=typed["reason"])
            return HttpResponseRedirect(made.get_absolute_url())
        except AppError as refused:
            error = refused
    context = reading.history_page(visit, found, timezone.now()) | {"error": error, "typed": typed}
    return render(request, "grading/reruns.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_safe
def detail(request: HttpRequest, visit: Visit, assignment: str, rerun: int) -> HttpResponse:
    found = reading.rerun_get(visit, assignment, rerun)
    return render(request, "grading/rerun.html", reading.rerun_page(visit, found, reading.TableFilter.of(request.GET)))


@course_page(STAFF)
@require_safe
def live(request: HttpRequest, visit: Visit, assignment: str, rerun: int) -> HttpResponse:
    """How far it is; once there is something else to see, the browser is told to load the whole page."""
    found = reading.rerun_get(visit, assignment, rerun)
    if found.status not in (RerunStatus.MEASURING, RerunStatus.APPLYING):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "grading/_rerun_live.html", {"rerun": found, "progress": reading.progress_of(found)})


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, assignment: str, rerun: int) -> HttpResponse:
    found = reading.rerun_get(visit, assignment, rerun)
    heads, rows = reading.csv_table(visit, found)
    return csv_response(f"{visit.course.slug}-{assignment}-rerun-{found.pk}.csv", heads, rows)


@course_page(STAFF)
@require_safe
def plot(request: HttpRequest, visit: Visit, assignment: str, rerun: int) -> HttpResponse:
    return JsonResponse(reading.figure_of(visit, reading.rerun_get(visit, assignment, rerun)))


@course_page(INSTRUCTORS)
@require_POST
def decide(request: HttpRequest, visit: Visit, assignment: str, rerun: int) -> HttpResponse:
    found = reading.rerun_get(visit, assignment, rerun)
    if request.POST.get("to") == "apply":
        rerun_apply(visit=visit, rerun=found)
        return HttpResponseRedirect(found.get_absolute_url())
    rerun_discard(visit=visit, rerun=found)
    messages.success(request, "Discarded; no grade changed")
    return redirect("grading:reruns", course=visit.course.slug, assignment=assignment)
