"""The desk of those who grade: one report a page, saved as it is ticked. With JavaScript the answers are JSON, without it pages."""

from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.sheets import SheetForm
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet
from grading.selectors.assignments import assignment_get
from grading.selectors.desk_line import Line, line_of, sheet_get
from grading.selectors.desk_live import live_part
from grading.selectors.desk_page import desk_page
from grading.services import sheets as services
from grading.services.samples import samples_prepare
from grading.services.sheet_finishing import sheet_finish, sheet_item_finish
from grading.views.desk_keys import KEYS


def _line(request: HttpRequest, visit: Visit, assignment: Assignment, *, samples: bool = False) -> Line:
    return line_of(
        visit, assignment, timezone.now(), order=request.GET.get("order", "")[:20], item=request.GET.get("item", "")[:60],
        samples=samples,
    )  # fmt: skip


@course_page(STAFF)
@require_safe
def start(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """To the next report of this grader; where none is left, to the board."""
    found = assignment_get(visit, assignment)
    samples = request.GET.get("samples") == "1"
    if samples:
        samples_prepare(visit=visit, assignment=found)
    else:
        services.sheets_prepare(assignment=found)
    line = _line(request, visit, found, samples=samples)
    row = next((row for row in line.rows if line.is_open(row)), None)
    if row is None:
        left = sum(not line.is_done(row) for row in line.rows)
        said = (
            f"{left} left, and other graders have all of them open"
            if left
            else f"Nothing of {found.short} is left to grade"
        )
        messages.info(request, said)
        return HttpResponseRedirect(reverse("grading:desk", kwargs={"course": visit.course.slug}))
    return HttpResponseRedirect(line.address(row))


@course_page(STAFF)
@csp_update({"frame-src": ["'self'", *settings.OF_CONTENT]})  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, visit: Visit, assignment: str, sheet_number: int) -> HttpResponse:
    """One report. Opening it claims it where it is free."""
    found = assignment_get(visit, assignment)
    sheet = sheet_get(visit, found, sheet_number)
    if request.method != "POST":
        if request.method == "GET":
            sheet = services.sheet_open(visit=visit, sheet=sheet)
        return _page(request, visit, sheet)
    form, wants_json = SheetForm.of(request.POST), request.headers.get("Accept", "").startswith("application/json")
    try:
        saved, url = _act(request, visit, sheet, form)
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        return _page(request, visit, sheet_get(visit, found, sheet_number), form, error)
    if wants_json:
        return JsonResponse({"revision": saved.revision, "saved": _clock(saved), "next": url})
    return HttpResponseRedirect(url or f"{sheet.get_absolute_url()}{_line(request, visit, found).query}")


def _page(
    request: HttpRequest, visit: Visit, sheet: GradingSheet, form: SheetForm | None = None, error: AppError | None = None
) -> HttpResponse:  # fmt: skip
    line = _line(request, visit, sheet.assignment, samples=sheet.is_blind)
    fresh = sheet_get(visit, sheet.assignment, sheet.number)
    ticks = form.ticks(fresh.ticks) if form else None
    context = desk_page(visit, fresh, line, ticks) | {
        "error": error, "error_field": error.details.get("field", "") if error else "", "page_keys": KEYS,
        "comment": form.comment if form else fresh.comment,
    }  # fmt: skip
    return render(request, "grading/desk/report.html", context, status=error.http_status if error else 200)


def _act(request: HttpRequest, visit: Visit, sheet: GradingSheet, form: SheetForm) -> tuple[GradingSheet, str]:
    """What the button or the key asks for: the sheet after it, and where to go ("": stay)."""
    whom: dict[str, Any] = {"visit": visit, "sheet": sheet}
    if form.act == "touch":
        return services.sheet_touch(**whom), ""
    if form.act == "take_over":
        return services.sheet_claim(**whom, take_from=form.take_from), ""
    if form.act == "reopen":
        return services.sheet_reopen(**whom), ""
    if form.act == "release":
        services.sheet_release(**whom)
        return sheet, _next(request, visit, sheet)
    written: dict[str, Any] = {"revision": form.revision, "ticks": form.ticks(sheet.ticks), "comment": form.comment}
    if form.act == "done" and form.item:
        return sheet_item_finish(**whom, **written, item=form.item, seen=form.seen), _next(request, visit, sheet)
    if form.act == "done":
        return sheet_finish(**whom, **written, seen=form.seen), _next(request, visit, sheet)
    return services.sheet_save(**whom, **written), ""


def _next(request: HttpRequest, visit: Visit, sheet: GradingSheet) -> str:
    """The next report of the line; after the last one the board."""
    line = _line(request, visit, sheet.assignment, samples=sheet.is_blind)
    return line.address(line.next_after(sheet.number)) or reverse("grading:desk", kwargs={"course": visit.course.slug})


def _clock(sheet: GradingSheet) -> str:
    return f"{timezone.localtime(sheet.saved_at):%H:%M:%S}" if sheet.saved_at else ""


@course_page(STAFF)
@require_safe
def live(request: HttpRequest, visit: Visit, assignment: str, sheet_number: int) -> HttpResponse:
    """What stands on the sheet now, for whoever reads along."""
    sheet = sheet_get(visit, assignment_get(visit, assignment), sheet_number)
    return JsonResponse(live_part(visit, sheet, timezone.now()))
