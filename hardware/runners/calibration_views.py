"""The calibrations of one board: the staff see how far one is, begin one and cancel it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.models import CalibrationStatus
from hardware.runners import calibration_selectors as reading
from hardware.runners.calibrating import calibration_ask, calibration_cancel
from hardware.runners.selectors.rows import runner_get


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, visit: Visit, runner: str) -> HttpResponse:
    """Sent as a form it begins one. A refusal shows the page again with what was typed."""
    row, error = runner_get(visit, runner), None
    typed, kind = request.POST.get("threads", "1").strip()[:4], request.POST.get("kind", "onnx fp32")[:40]
    if request.method == "POST":
        try:
            runtime, _, precision = kind.partition(" ")
            threads = int(typed) if typed.isdecimal() else typed
            made, is_new = calibration_ask(
                runner=row, by=visit.by, threads=threads, runtime=runtime, precision=precision
            )
            messages.success(
                request,
                f"{row.name} {'measures' if is_new else 'is measuring'} {made.total} networks, between its other work",
            )
            return redirect("runners:calibration", course=visit.course.slug, runner=row.pk)
        except AppError as refused:
            error = refused
    page = reading.calibration_page(row, timezone.now()) | {"error": error, "threads": typed, "kind": kind}
    return render(request, "hardware/runners/calibration.html", page, status=error.http_status if error else 200)


@course_page(STAFF)
@require_safe
def live(request: HttpRequest, visit: Visit, runner: str) -> HttpResponse:
    """How far it is; once it has ended the browser is told to load the whole page."""
    page = reading.calibration_page(runner_get(visit, runner), timezone.now())
    if page["standing"] is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "hardware/runners/_calibration_live.html", page)


@course_page(STAFF)
@require_POST
def cancel(request: HttpRequest, visit: Visit, runner: str) -> HttpResponse:
    """Raises IllegalMove: it ended in the meantime."""
    row = runner_get(visit, runner)
    found = row.calibrations.filter(status=CalibrationStatus.MEASURING).select_related("runner").first()
    if found is not None:
        calibration_cancel(calibration=found, by=visit.by)
        messages.success(request, f"{row.name} is asked for no further part; what it measured is fitted to nothing")
    return redirect("runners:calibration", course=visit.course.slug, runner=row.pk)
