"""The energy of a project: a team's readings, added and taken back, its downloads, and the staff's table of all teams."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError, NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.energy.amounts import with_unit
from grading.energy.drawing import drawing_of
from grading.forms.power_readings import ReadingForm, TakeBackForm
from grading.selectors import class_energy
from grading.selectors import team_energy as reading
from grading.selectors.modelled_charge import modelled_words
from grading.selectors.team_energy import TeamEnergy
from grading.services.power_readings import power_reading_add, power_reading_take_back

FORM_METHODS = ["GET", "HEAD", "POST"]


@course_page()
@require_safe
def readings(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = _energy(visit, team)
    context = {
        "team": found.team, "found": found, "rows": reading.reading_rows(found, visit), "stages": reading.stage_rows(found, None),
        "closing": reading.closing_words(),
    }  # fmt: skip
    return render(request, "grading/power_readings.html", context)


@course_page()
@require_http_methods(FORM_METHODS)
def add(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    """A meter's file is shown first; it counts when it is sent again as it was shown."""
    found = _energy(visit, team)
    is_sent = request.method == "POST"
    data, files = (request.POST, request.FILES) if is_sent else (None, None)
    meter = next((row.meter for row in found.readings if row.meter), "")
    form = ReadingForm(data, files, visit=visit, team=found.team, now=found.now, meter=meter)
    if form.is_valid() and form.preview is None:
        try:
            made, is_new = power_reading_add(
                visit=visit, team=found.team, facts=form.facts(), entry_key=form.cleaned_data["entry_key"], now=found.now
            )  # fmt: skip
        except AppError as error:
            if error.http_status not in (409, 422):
                raise
            form.refuse(error)
        else:
            messages.success(request, f"{with_unit(made.used_mah)} {'are added' if is_new else 'were added already'}")
            return redirect(found.team.get_absolute_url())
    context = {
        "team": found.team, "found": found, "form": form, "metered": reading.metered_words(form.amount) if form.token_now else None,
        "closing": reading.closing_words(), "modelled": modelled_words(visit.course, found.team),
    }  # fmt: skip
    return render(request, "grading/power_reading_add.html", context, status=422 if form.errors else 200)


@course_page()
@require_http_methods(FORM_METHODS)
def take_back(request: HttpRequest, visit: Visit, team: str, power_reading: int) -> HttpResponse:
    found = reading.team_inside(visit, team)
    row, form = reading.reading_get(visit, found, power_reading), TakeBackForm(request.POST or None)
    if form.is_valid():
        try:
            power_reading_take_back(visit=visit, reading=row, reason=form.cleaned_data["reason"], now=timezone.now())
        except AppError as error:
            if error.http_status not in (409, 422):
                raise
            form.add_error("reason" if "reason" in error.details.get("field", "") else None, error.message)
        else:
            messages.success(request, f"“{row.label}” is taken back")
            return redirect("grading:power_readings", course=visit.course.slug, team=found.slug)
    context = {"team": found, "row": row, "used": with_unit(row.used_mah), "form": form}
    return render(request, "grading/power_reading_take_back.html", context, status=422 if form.errors else 200)


@course_page()
@require_safe
def readings_csv(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = _energy(visit, team)
    return csv_response(f"{found.team.slug}-energy.csv", reading.CSV_COLUMNS, reading.csv_rows(found, visit))


@course_page()
@require_safe
def picture(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    """The drawing as a file for a report: always on white."""
    found = _energy(visit, team)
    context: dict[str, Any] = {"drawing": drawing_of(found.uses, found.now, "wide"), "team": found.team}
    response = render(request, "grading/energy_picture.svg", context, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{found.team.slug}-energy.svg"'
    return response


@course_page(STAFF)
@require_safe
def of_class(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/energy_of_class.html", {"table": class_energy.class_energy(visit, timezone.now())})


@course_page(STAFF)
@require_safe
def of_class_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    columns, rows = class_energy.csv_table(class_energy.class_energy(visit, timezone.now()))
    return csv_response(f"{visit.course.slug}-energy.csv", columns, rows)


def _energy(visit: Visit, slug: str) -> TeamEnergy:
    """Raises NotHere, also where the course names no days for its stages."""
    found = reading.team_energy(visit, reading.team_inside(visit, slug), timezone.now())
    if found is None:
        raise NotHere("This course names no days for the stages of its project, so no energy is counted by stage.")
    return found
