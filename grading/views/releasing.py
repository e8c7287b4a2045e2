"""Releasing the grades of an assignment, and taking them back: one page that says what goes out, to whom, and what it looks like."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.releases import ReleaseForm
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.selectors.assignments import assignment_get
from grading.selectors.release_page import release_page
from grading.services.releasing import grades_release, grades_take_back


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """A refusal shows the page again, with all that was chosen and typed."""
    found, error = assignment_get(visit, assignment), None
    form = ReleaseForm.first(statistics_shown=found.statistics_shown, who=request.GET.get("who", ""))
    if request.method == "POST":
        form = ReleaseForm.of(request.POST)
        try:
            said = _act(visit, found, form)
        except AppError as refused:
            error = refused
        else:
            if said:
                messages.success(request, said)
                return HttpResponseRedirect(grade_path(found, "grades"))
    context = release_page(visit, found, form.who, form.words, timezone.now())
    context |= {"form": form, "error": error, "error_field": error.details.get("field", "") if error else ""}
    return render(request, "grading/release.html", context, status=error.http_status if error else 200)


def _act(visit: Visit, assignment: Assignment, form: ReleaseForm) -> str:
    """What was done, in words; empty: nothing, the page is only to be shown again."""
    if form.act == "take_back":
        grades_take_back(visit=visit, assignment=assignment, reason=form.reason)
        return f"The grades of {assignment.short} are hidden from students"
    if form.act == "release":
        row = grades_release(visit=visit, assignment=assignment, choice=form.choice)
        whom = "everybody who is graded" if row.is_partial else "every student"
        how = "on the site and by mail" if row.is_mailed else "on the site"
        return f"The grades of {assignment.short} are released, and {whom} is told {how}"
    return ""
