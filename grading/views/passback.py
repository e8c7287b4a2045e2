"""The grades of an assignment in the LMS: what was sent, what waits, what was refused, and why."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.passback import switching
from grading.passback.page import passback_page
from grading.selectors.assignments import assignment_get


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def passback(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, error = assignment_get(visit, assignment), None
    if request.method == "POST":
        try:
            messages.success(request, _act(request, visit, found))
            return HttpResponseRedirect(grade_path(found, "passback"))
        except AppError as refused:
            error = refused
    context = passback_page(visit, found, request.GET.get("page", "1")[:6]) | {"error": error}
    return render(request, "grading/passback.html", context, status=error.http_status if error else 200)


def _act(request: HttpRequest, visit: Visit, assignment: Assignment) -> str:
    """Do what the button says. Returns what happened, in words."""
    act, score = request.POST.get("act", ""), request.POST.get("score", "")
    if act == "start":
        switching.passback_start(visit=visit, assignment=assignment)
        return "Released grades are sent from now on"
    if act == "stop":
        switching.passback_stop(visit=visit, assignment=assignment)
        return "Nothing is sent any more. What was sent stays in the LMS"
    if act in ("resume", "new_column"):
        switching.passback_resume(visit=visit, assignment=assignment, new_column=act == "new_column")
        return "It is tried again now"
    if act == "compare":
        differ = switching.passback_compare(visit=visit, assignment=assignment)
        return f"{differ} differ from what was sent" if differ else "The LMS shows what was sent"
    if act == "again" and (not score or (score.isdecimal() and len(score) < 19)):
        count = switching.scores_send_again(visit=visit, assignment=assignment, score=int(score) if score else None)
        return f"{count} to be sent again"
    raise BadInput("That is none of the buttons of this page. Load it again.", code="no_such_act")
