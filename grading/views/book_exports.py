"""The gradebook as CSV and as a workbook: the rows that the page shows, in its order. Instructors only; each download leaves a row."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.book.workbook import workbook
from grading.models.book import BookExport
from grading.selectors.book_page import BookFilter
from grading.selectors.book_tables import Sheet, book_sheet
from grading.services.book_exports import book_export_note

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@course_page(INSTRUCTORS)
@require_safe
def csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    sheet = _sheet(request, visit, BookExport.Kind.CSV)
    return csv_response(f"{visit.course.slug}-gradebook.csv", sheet.heads, sheet.rows)


@course_page(INSTRUCTORS)
@require_safe
def excel(request: HttpRequest, visit: Visit) -> HttpResponse:
    sheet = _sheet(request, visit, BookExport.Kind.EXCEL)
    response = HttpResponse(workbook(sheet.heads, sheet.rows), content_type=EXCEL)
    response["Content-Disposition"] = f'attachment; filename="{visit.course.slug}-gradebook.xlsx"'
    return response


def _sheet(request: HttpRequest, visit: Visit, kind: BookExport.Kind) -> Sheet:
    chosen = BookFilter.of(request.GET)
    sheet = book_sheet(visit, chosen, timezone.now())
    if request.method == "GET":
        book_export_note(visit=visit, kind=kind, columns=sheet.heads, people=len(sheet.rows), shown=chosen.said)
    return sheet
