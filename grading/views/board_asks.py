"""Asking for a board run of a measured attempt, from the page of its result."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.courses.access import Visit, course_page
from grading.asks.rules import open_ask
from grading.selectors import board_ask, results
from grading.services.board_asks import board_ask as ask_for
from grading.services.board_asks import board_ask_withdraw


@course_page()
@require_POST
def ask(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    ask_for(visit=visit, run=found)
    messages.success(
        request, f"Attempt {found.submission.number} is in line for a board; this result stands until then"
    )
    return redirect(f"{found.get_absolute_url()}#board-ask")


@course_page()
@require_POST
def withdraw(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    found = results.run_get(visit, run)
    board_ask_withdraw(visit=visit, run=found)
    messages.success(request, "The board run is withdrawn; the result stays as it is")
    return redirect(f"{found.get_absolute_url()}#board-ask")


@course_page()
@require_safe
def live(request: HttpRequest, visit: Visit, run: UUID) -> HttpResponse:
    """The part of the page that changes. Once it has ended the browser is led to what it came to, or loads the page anew."""
    found = results.run_get(visit, run)
    asked = open_ask(found.submission)
    if asked is not None:
        part = board_ask.open_part(visit, found, asked, timezone.now())
        return render(request, "grading/_board_ask_now.html", {"run": found, "board_ask": part})
    if newest := board_ask.run_of_newest_ask(found):
        return HttpResponse(headers={"HX-Redirect": newest})
    return HttpResponse(headers={"HX-Refresh": "true"})
