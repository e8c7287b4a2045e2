"""Calibrations of a course's boards: the staff read and take the rows along, instructors decide whether the course uses one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError, Forbidden
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.models.refits import Refit
from grading.selectors import refits as reading
from grading.services.refits import refit_adopt, refit_discard, refit_withdraw

SAID = {
    "adopt": "In use: new runs are modelled with it. Results of before keep what they say; a re-run of a lab shows what would change",
    "withdraw": "Taken back: new runs are modelled as before it", "discard": "Discarded; nothing changed",
}  # fmt: skip


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/calibrations.html", reading.calibrations_page(visit))


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, visit: Visit, calibration: int) -> HttpResponse:
    """Sent as a form by an instructor it decides. A refusal shows the page again with what was typed. Raises Forbidden."""
    found, error = reading.refit_get(visit, calibration), None
    if request.method == "POST":
        if visit.role != Role.INSTRUCTOR:
            raise Forbidden("Instructors decide which calibration the course uses.")
        try:
            _decide(request, visit, found)
            return HttpResponseRedirect(found.get_absolute_url())
        except AppError as refused:
            error = refused
            found = reading.refit_get(visit, calibration)
    context = reading.refit_page(visit, found) | {"error": error, "typed": request.POST.get("reason", "")}
    return render(request, "grading/calibration.html", context, status=error.http_status if error else 200)


def _decide(request: HttpRequest, visit: Visit, found: Refit) -> None:
    to, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    if to == "adopt":
        refit_adopt(visit=visit, refit=found, reason=reason)
    elif to == "withdraw":
        refit_withdraw(visit=visit, refit=found, reason=reason)
    else:
        to = "discard"
        refit_discard(visit=visit, refit=found)
    messages.success(request, SAID[to])


@course_page(STAFF)
@require_safe
def plot(request: HttpRequest, visit: Visit, calibration: int) -> HttpResponse:
    return JsonResponse(reading.figure_of(reading.refit_get(visit, calibration)))


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, calibration: int) -> HttpResponse:
    found = reading.refit_get(visit, calibration)
    heads, rows = reading.table_of(found)
    return csv_response(f"{visit.course.slug}-calibration-{found.pk}.csv", heads, rows)
