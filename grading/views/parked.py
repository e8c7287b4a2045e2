"""Runs that were kept back: the staff's list, and their decision."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.selectors import parked as reading
from grading.selectors import results
from grading.services import parked

ACTS: dict[str, tuple[Callable[..., None], str]] = {
    "release": (parked.run_release, "is released: the result stands, and the student is told"),
    "reject": (parked.run_reject, "does not stand, and the student is told"),
}


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/parked.html", reading.parked_list(visit, request.GET.get("state", "")))


@course_page(STAFF)
@require_POST
def decide(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    """A refused step shows the page as it is now, with what was typed. A decision leads on to the next run that waits."""
    found, act = results.run_get(visit, run), request.POST.get("act", "")
    reason = request.POST.get("reason", "")
    try:
        if act not in ACTS:
            raise BadInput("This page is out of date. Reload it.", code="unknown_act")
        step, said = ACTS[act]
        step(visit=visit, run=found, reason=reason)
    except AppError as refused:
        context = results.page(visit, results.run_get(visit, run), timezone.now())
        context |= {"error": refused, "typed": {"reason": reason}, "written": reason.strip()}
        context["has_field"] = context["state"] == "parked"
        return render(request, "grading/run.html", context, status=refused.http_status)
    submission = found.submission
    messages.success(
        request, f"{submission.assignment.short}, attempt {submission.number} by {submission.owner} {said}"
    )
    waiting = reading.next_parked(visit)
    return redirect(waiting) if waiting else redirect("grading:parked", course=visit.course.slug)
