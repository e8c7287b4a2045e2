"""Several attempts of one owner: comparing two of them, and choosing which one counts."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.courses.access import Visit, course_page
from grading.selectors import assignments as reading
from grading.selectors.compare import compare as compare_attempts
from grading.services.versions import attempt_choose


@course_page()
@require_safe
def compare(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = reading.assignment_get(visit, assignment)
    context = compare_attempts(visit, found, request.GET.get("a", ""), request.GET.get("b", ""))
    return render(request, "grading/compare.html", {"assignment": found, **context})


@course_page()
@require_POST
def choose(request: HttpRequest, visit: Visit, submission: UUID) -> HttpResponse:
    found = reading.submission_get(visit, submission)
    attempt_choose(visit=visit, submission=found)
    return HttpResponseRedirect(found.assignment.get_absolute_url())
