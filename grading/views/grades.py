"""Grades of an assignment: the table of the class, marking one person, and the student's own page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.anonymity import check_names
from grading.forms.grades import GradeForm
from grading.grade_facts import items_of
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.selectors import grades as reading
from grading.selectors.assignments import assignment_get
from grading.selectors.my_grade import my_grade
from grading.services import grades as services
from grading.services.measured_points import measured_settle
from grading.services.regrades import regrade_ask, regrade_open_for


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    context = reading.class_page(visit, found, reading.GradeFilter.of(request.GET))
    return render(request, "grading/grades.html", context)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    heads, rows = reading.csv_table(visit, found)
    return csv_response(f"{visit.course.slug}-{found.slug}-grades.csv", heads, rows)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, visit: Visit, assignment: str, person: int) -> HttpResponse:
    """Marking one person or team. A refusal shows the page again with all that was typed."""
    found, student = assignment_get(visit, assignment), reading.student_get(visit, person)
    check_names(visit, found, student)
    form, error = GradeForm.of(request.POST), None
    if request.method == "POST":
        try:
            _save(visit, found, student, form)
        except AppError as refused:
            error = refused
        else:
            messages.success(request, "Saved")
            return HttpResponseRedirect(grade_path(found, "grades_person", person=student.pk))
    context = reading.person_page(visit, found, student)
    fields = reading.mark_fields(context["grade"], items_of(found), form.typed, form.ticked)
    status = error.http_status if error else 200
    return render(
        request, "grading/grades_person.html", context | _typed(form, error) | {"fields": fields}, status=status
    )


def _save(visit: Visit, assignment: Assignment, student: User, form: GradeForm) -> None:
    whom: dict[str, Any] = {"visit": visit, "assignment": assignment, "person": student}
    if form.text("act") == "override":
        is_for_one, points = form.text("whom") == "one", form.points()
        services.grade_override(
            **whom, points=points, reason=form.text("reason"), seen=form.seen, is_for_one=is_for_one
        )
    elif form.text("act") == "settle":
        given = form.points("open_points")
        if given is None:
            raise BadInput("Give the points.", code="points_missing", details={"field": "open_points"})
        measured_settle(**whom, points=given, reason=form.text("open_reason"), seen=form.seen)
    elif form.text("act") == "regrade":
        regrade_open_for(**whom, item=form.text("item"), reason=form.text("reason"))
    else:
        reason, note = form.text("reason"), form.text("note")
        services.grade_give(**whom, marks=form.marks, ticks=form.ticks, seen=form.seen, reason=reason, note=note)


def _typed(form: GradeForm, error: AppError | None) -> dict[str, Any]:
    """What a refused form shows again, and at which field the refusal stands."""
    field = error.details.get("field", "") if error else ""
    return {"typed": form.typed, "act": form.text("act"), "error": error, "error_field": field}


@course_page()
@require_safe
def mine(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    """Why is my grade this? Staff have no grade and are led to the class."""
    found = assignment_get(visit, assignment)
    if visit.is_staff:
        return HttpResponseRedirect(grade_path(found, "grades"))
    return render(request, "grading/grade.html", my_grade(visit, found, timezone.now()))


@course_page()
@require_POST
def ask(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found, form = assignment_get(visit, assignment), GradeForm.of(request.POST)
    try:
        row = regrade_ask(
            visit=visit, assignment=found, item=form.text("item"), reason=form.text("reason"),
            knows_both_ways=bool(form.text("knows")),
        )  # fmt: skip
    except AppError as error:
        if visit.is_staff:
            raise
        context = my_grade(visit, found, timezone.now()) | _typed(form, error) | {"written": form.written}
        asked = [row["line"].key for row in context.get("lines", []) if row["may_ask"]]
        context["has_field"] = form.text("item") in asked
        return render(request, "grading/grade.html", context, status=error.http_status)
    messages.success(request, "Your request is with the staff")
    return HttpResponseRedirect(row.get_absolute_url())
