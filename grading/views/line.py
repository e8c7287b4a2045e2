"""The line of what is to be measured: of a course for its staff, of the site for its operators."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, course_page, operators
from courseplatform.courses.models import STAFF, Role
from grading.selectors import line_staff, results
from grading.services.runs import run_put_first


@course_page(STAFF)
@require_safe
def of_course(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/line.html", line_staff.line_page(visit, timezone.now()))


@course_page(frozenset({Role.INSTRUCTOR}))
@require_POST
def put_first(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    run_put_first(visit=visit, run=found)
    submission = found.submission
    said = f"{submission.assignment.short}, attempt {submission.number} by {submission.owner} is put first in line"
    messages.success(request, said)
    return redirect("grading:line", course=visit.course.slug)


@operators
@require_safe
def of_site(request: HttpRequest, person: User) -> HttpResponse:
    return render(request, "grading/site_line.html", line_staff.site_line(timezone.now()))
