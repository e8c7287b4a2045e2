"""Runs that were kept back: the staff's list, and their decision."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.selectors import parked as reading
from grading.selectors import results
from grading.services import parked

ACTS: dict[str, tuple[Callable[..., None], str]] = {
    "release": (parked.run_release, "Released: the result stands, and the student is told"),
    "reject": (parked.run_reject, "Rejected, and the student is told"),
}


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/parked.html", reading.parked_list(visit, request.GET.get("state", "")))


@course_page(STAFF)
@require_POST
def decide(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    """A refused step shows the page as it is now, with what was typed."""
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
    messages.success(request, said)
    return HttpResponseRedirect(found.get_absolute_url())
