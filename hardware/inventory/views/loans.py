"""Loans: the list of the staff, and one of them, for the staff and for who has it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courseplatform.courses.access import Visit, course_page
from hardware.inventory.access import loan_for


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit, loan: int) -> HttpResponse:
    return render(request, "hardware/loans/loan.html", {"loan": loan_for(visit, loan)})
