"""A meter that was read at a board: entered by the team, confirmed or refused by the staff, taken back by either."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.meter_readings import MeterForm
from grading.models.meters import Said
from grading.selectors import meter_readings as reading
from grading.selectors import results
from grading.services.meter_readings import WORDS, meter_reading_add, meter_reading_settle


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    page = reading.meter_page(visit, found)
    form = MeterForm(request.POST if request.method == "POST" else None, has_budget=page["has_budget"])
    if form.is_valid():
        try:
            row, _ = meter_reading_add(
                visit=visit, run=found, entered=form.entered(), entry_key=form.cleaned_data["entry_key"], now=timezone.now()
            )  # fmt: skip
        except AppError as error:
            if error.http_status not in (409, 422):
                raise
            form.refuse(error)
        else:
            messages.success(request, f"{row} are recorded")
            return redirect("grading:meter_reading", course=visit.course.slug, run=found.pk)
    status = 422 if form.errors else 200
    return render(request, "grading/meter_reading.html", page | {"form": form}, status=status)


@course_page()
@require_POST
def settle(request: HttpRequest, visit: Visit, run: UUID, meter_reading: int) -> HttpResponse:
    """A refused word shows the page as it is now, with what was typed."""
    found = results.run_get(visit, run)
    row = reading.reading_get(found, meter_reading)
    said, reason = request.POST.get("said", ""), request.POST.get("reason", "")
    try:
        if said not in Said.values:
            raise BadInput("This page is out of date. Reload it.", code="unknown_act")
        meter_reading_settle(visit=visit, run=found, reading=row, said=Said(said), reason=reason)
    except AppError as refused:
        if refused.http_status not in (409, 422):
            raise
        page = reading.meter_page(visit, results.run_get(visit, run))
        more = {"form": MeterForm(has_budget=page["has_budget"]), "error": refused, "typed": reason, "at": row.pk}
        return render(request, "grading/meter_reading.html", page | more, status=refused.http_status)
    messages.success(request, WORDS[Said(said)])
    return redirect("grading:meter_reading", course=visit.course.slug, run=found.pk)


@course_page(STAFF)
@require_safe
def waiting(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/meter_readings.html", reading.waiting_list(visit))
