"""The gradebook of a course: the table, one student, one cell with its reasons, and setting a grade from there."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from grading.forms.grades import GradeForm, number_of
from grading.selectors import book_page as reading
from grading.selectors.assignments import assignment_get
from grading.selectors.grades import student_get
from grading.services.book_edits import book_cell_set, book_edit_undo
from grading.views.my_grades import my_page

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The table for the staff; at the same address a student finds the own grades."""
    if not visit.is_staff:
        return my_page(request, visit)
    context = reading.book_page(visit, reading.BookFilter.of(request.GET), timezone.now())
    return render(request, "grading/book.html", context)


@course_page(STAFF)
@require_safe
def person(request: HttpRequest, visit: Visit, person: int) -> HttpResponse:
    """One student, column by column: what a phone shows of a row, and who has no script reaches the cells by."""
    return render(request, "grading/book_person.html", reading.person_page(visit, person, timezone.now()))


@course_page(STAFF)
@require_safe
def cell(request: HttpRequest, visit: Visit, person: int, column: str) -> HttpResponse:
    return _cell_page(request, visit, person, column)


def _cell_page(
    request: HttpRequest,
    visit: Visit,
    person: int,
    column: str,
    form: GradeForm | None = None,
    error: AppError | None = None,
) -> HttpResponse:
    """A page of its own, or the part of it that opens over the table. A refusal keeps what was typed."""
    context = reading.cell_page(visit, person, column, timezone.now())
    context |= {"typed": form.typed if form else {}, "error": error, "is_part": _is_part(request)}
    context["error_field"] = error.details.get("field", "") if error else ""
    template = "grading/_book_cell.html" if context["is_part"] else "grading/book_cell.html"
    return render(request, template, context, status=error.http_status if error else 200)


def _is_part(request: HttpRequest) -> bool:
    """The script of the table asks for a part of the page."""
    return request.headers.get("X-Part") == "cell"


@course_page(INSTRUCTORS)
@require_POST
def cell_set(request: HttpRequest, visit: Visit, person: int, column: str) -> HttpResponse:
    assignment, student, form = assignment_get(visit, column), student_get(visit, person), GradeForm.of(request.POST)
    try:
        events = book_cell_set(
            visit=visit, assignment=assignment, person=student, points=form.points(), reason=form.text("reason"),
            seen=form.seen, is_for_one=form.text("whom") == "one",
        )  # fmt: skip
    except AppError as error:
        return _cell_page(request, visit, person, column, form, error)
    return _changed(request, visit, person, column, f"{assignment.short} of {student.name} is set by hand", events)


@course_page(INSTRUCTORS)
@require_POST
def cell_undo(request: HttpRequest, visit: Visit, person: int, column: str) -> HttpResponse:
    assignment, student = assignment_get(visit, column), student_get(visit, person)
    events = [number_of(text) for text in request.POST.getlist("event")][:50]
    try:
        book_edit_undo(visit=visit, assignment=assignment, person=student, events=events)
    except AppError as error:
        return _cell_page(request, visit, person, column, None, error)
    return _changed(request, visit, person, column, f"{assignment.short} of {student.name} is as it was", [])


def _changed(
    request: HttpRequest, visit: Visit, person: int, column: str, said: str, events: list[int]
) -> HttpResponse:
    """The rows that changed, drawn anew, with the way to undo it; without a script the page of the cell."""
    if _is_part(request):
        context: dict[str, Any] = reading.rows_again(visit, person, column, timezone.now())
        return render(request, "grading/_book_saved.html", context | {"said": said, "events": events})
    messages.success(request, said)
    return HttpResponseRedirect(reading.cell_path(visit, person, column))
