"""Late days as a student sees them: the ledger, what lateness would cost, and asking to spend."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from grading.handing_in import hand_in_rules
from grading.selectors import late_mine
from grading.selectors.assignments import assignment_get
from grading.services.late_favours import late_request_make
from grading.views.assignments import lab_page


@course_page()
@require_safe
def mine(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/late_days.html", late_mine.page(visit, timezone.now()))


@course_page()
@require_safe
def mine_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = late_mine.csv_rows(visit, timezone.now())
    return csv_response(f"{visit.course.slug}-late-days.csv", late_mine.COLUMNS, rows)


@course_page()
@require_POST
def ask(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """Ask to spend late days on an assignment, where the policy spends only what is asked for."""
    found = assignment_get(visit, assignment)
    try:
        owner = hand_in_rules.owner_of(person=visit.person, assignment=found, now=timezone.now())
        late_request_make(owner=owner, assignment=found, units=_units(request), request_key=_key(request))
    except AppError as error:
        return render(request, "grading/assignment.html", lab_page(visit, found, error), status=error.http_status)
    return HttpResponseRedirect(f"{found.get_absolute_url()}#late")


def _units(request: HttpRequest) -> int:
    asked = request.POST.get("units", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 4):
        raise BadInput(
            "Write how many late days as a whole number, like 1.", code="days_out_of_range", details={"field": "units"}
        )
    return int(asked)


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError as error:
        raise BadInput("This page is out of date. Reload it, and ask again.", code="bad_request_key") from error
