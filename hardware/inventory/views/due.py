"""Reminding by hand, and the day of return."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for
from hardware.inventory.lending.loan_words import listed
from hardware.inventory.selectors.overdue import out_of
from hardware.inventory.selectors.return_day import COLUMNS, csv_row, return_page
from hardware.inventory.services import due
from hardware.inventory.services.loans import pieces_take_back
from hardware.inventory.services.taking_back import Back
from hardware.models import LoanPiece

BACK = {"return_day": "stock:return_day"}  # where a form may lead back to; else the page Hardware


@course_page(STAFF)
@require_POST
def remind(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Of one loan, of several, or without `loan` of everything that is overdue (`of=overdue`) or out for the term."""
    loans = [number_of(text) for text in request.POST.getlist("loan") if text]
    try:
        if len(loans) == 1:
            told = due.remind(visit=visit, loan=loans[0])
        elif loans:
            told = due.remind_all(visit=visit, loans=loans)
        else:
            told = due.remind_all(visit=visit, loans=_wanted(visit, request.POST.get("of", "")))
        if told:
            messages.success(request, f"{told} {'borrower was' if told == 1 else 'borrowers were'} reminded.")
        else:
            messages.info(request, "Everybody was reminded today already. Once a day is enough.")
    except Conflict as error:
        messages.info(request, error.message)
    return redirect(BACK.get(request.POST.get("back", ""), "stock:index"), course=visit.course.slug)


def _wanted(visit: Visit, of: str) -> list[int]:
    rows = out_of(visit.course)
    rows = rows.filter(loan__is_term=True) if of == "term" else rows.filter(loan__due_at__lt=timezone.now())
    return list(rows.order_by().values_list("loan", flat=True).distinct())


def number_of(text: str) -> int:
    """A key of a row as a form sends it; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@course_page(STAFF)
@require_safe
def return_day(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who brings what, and who is missing."""
    return _page(request, visit)


def _page(request: HttpRequest, visit: Visit, error: AppError | None = None) -> HttpResponse:
    stockroom_for(visit)
    context = return_page(visit, timezone.now()) | {"key": uuid4(), "error": error}
    return render(request, "hardware/stock/return_day.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_safe
def return_day_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    page = return_page(visit, timezone.now())
    return csv_response(f"{visit.course.slug}-return-day.csv", COLUMNS, (line for row in page["rows"] for line in csv_row(row)))  # fmt: skip


@course_page(STAFF)
@require_POST
def take_back(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All that is out of each ticked loan, whole. What is broken or only partly there goes over the desk."""
    keys = [number_of(one) for one in request.POST.getlist("loan")[:200]]
    rows = LoanPiece.objects.filter(loan__in=keys, loan__course=visit.course, back_at=None).select_related("item")
    try:
        try:
            key = UUID(request.POST.get("key", ""))
        except ValueError as error:
            raise BadInput("The form came without its key. Load the page again.", code="bad_key") from error
        done = pieces_take_back(
            visit=visit, pieces=[Back(item=row.item) if row.item else Back(piece=row) for row in rows], key=key
        )
    except AppError as error:
        return _page(request, visit, error)
    messages.success(request, f"{listed(done.back)} came back whole." if done.back else "That was taken back before.")
    return redirect("stock:return_day", course=visit.course.slug)
