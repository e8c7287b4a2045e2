"""The board of the desk: what waits, who graded how much; samples to compare graders; and who may look at hidden names."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.forms.grades import number_of
from grading.selectors.assignments import assignment_get
from grading.selectors.desk_board import board
from grading.selectors.desk_line import sheet_get
from grading.selectors.late_words import owner_line
from grading.services.samples import samples_choose
from grading.services.sheet_looks import sheet_look
from grading.services.sheets import sheets_prepare_all

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    sheets_prepare_all(course=visit.course)
    context = board(visit, timezone.now(), request.GET.get("of", "")[:60])
    return render(request, "grading/desk/board.html", context)


@course_page(INSTRUCTORS)
@require_POST
def samples(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    try:
        count = samples_choose(visit=visit, assignment=found, count=number_of(request.POST.get("count", "")))
    except AppError as error:
        context = board(visit, timezone.now()) | {
            "error": error,
            "error_of": found.slug,
            "typed": request.POST.get("count", ""),
        }
        return render(request, "grading/desk/board.html", context, status=error.http_status)
    messages.success(request, f"{count} report{'s' if count > 1 else ''} of {found.short} to be marked by every grader")
    return HttpResponseRedirect(reverse("grading:desk", kwargs={"course": visit.course.slug}))


@course_page(INSTRUCTORS)
@require_POST
def names(request: HttpRequest, visit: Visit, assignment: str, sheet_number: int) -> HttpResponse:
    """Whose a report is; that somebody looked is kept first."""
    sheet = sheet_get(visit, assignment_get(visit, assignment), sheet_number)
    sheet_look(visit=visit, sheet=sheet)
    messages.info(request, f"{sheet} is the work of {owner_line(sheet.submission)}")
    return HttpResponseRedirect(sheet.get_absolute_url())
