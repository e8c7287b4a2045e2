"""The operators' pages: courses that are closed, and the deletion of one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import operators
from courseplatform.courses.belongings import course_tables, rows_of
from courseplatform.courses.closing import unfinished_of
from courseplatform.courses.models import Course
from courseplatform.keeping.models import ArchiveStatus, CourseArchive, CourseDeletion
from courseplatform.keeping.term.planning import WAITS, deletion_plan, deletion_take_back, planned_for
from courseplatform.keeping.term.tables import files_of

# What people know a course by: label of a table -> what its rows are called.
COUNTED = {
    "courses.Enrolment": "people in it", "grading.Submission": "attempts that were handed in", "grading.Result": "results",
    "grading.GradeEvent": "lines of grades", "hardware.Loan": "loans", "teams.Team": "teams",
}  # fmt: skip


@operators
@require_safe
def courses(request: HttpRequest, person: User) -> HttpResponse:
    planned = {row.course_id: row for row in CourseDeletion.objects.filter(taken_back_at=None)}
    rows = [(course, planned.get(course.pk)) for course in Course.objects.order_by("closed_at", "slug")]
    context = {
        "closed": [row for row in rows if row[0].is_closed],
        "open_count": sum(not course.is_closed for course, _ in rows),
    }
    return render(request, "keeping/courses.html", context)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def course(request: HttpRequest, person: User, course: str) -> HttpResponse:
    found, error = _course(course), None
    if request.method == "POST":
        try:
            deletion_plan(course=found, person=person, typed=request.POST.get("typed", ""))
        except AppError as refusal:
            error = refusal
        else:
            messages.success(request, "The course is deleted in a week. Its instructors are told.")
            return redirect("leaving:course", course=found.slug)
    return render(request, "keeping/course.html", _context(found, error), status=error.http_status if error else 200)


@operators
@require_POST
def keep(request: HttpRequest, person: User, course: str) -> HttpResponse:
    deletion_take_back(course=_course(course), person=person)
    messages.success(request, "The course is not deleted.")
    return redirect("leaving:course", course=course)


def _course(slug: str) -> Course:
    """Raises NotHere."""
    found = Course.objects.filter(slug=slug).first()
    if found is None:
        raise NotHere("There is no such course.")
    return found


def _context(found: Course, error: AppError | None) -> dict[str, Any]:
    counts = [
        (word, rows_of(found, model).count()) for model in course_tables() if (word := COUNTED.get(model._meta.label))
    ]
    return {
        "course": found, "planned": planned_for(found), "error": error, "days": WAITS.days,
        "counts": [(word, count) for word, count in counts if count], "files": sum(1 for _ in files_of(found)),
        "archive": CourseArchive.objects.filter(course=found, status=ArchiveStatus.DONE).first(),
        "out": [one for one in unfinished_of(found) if one.blocks or one.keeps],
    }  # fmt: skip
