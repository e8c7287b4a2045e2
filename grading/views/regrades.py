"""Regrade requests: the staff's list, and the page of one request for its student and the staff."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.grades import GradeForm
from grading.models.regrades import RegradeRequest
from grading.selectors import regrades as reading
from grading.services import regrade_answers, regrades


def _ticks(row: RegradeRequest, form: GradeForm) -> list[str] | None:
    """What is ticked in the item, where the answer changes it."""
    return form.ticks.get(row.item.key)


Act = Callable[[Visit, RegradeRequest, GradeForm], None]
ACTS: dict[str, tuple[Act, str]] = {
    "withdraw": (lambda visit, row, form: regrades.regrade_withdraw(visit=visit, row=row), "Withdrawn"),
    "accept": (lambda visit, row, form: regrades.regrade_accept(visit=visit, row=row), "The answer is accepted"),
    "escalate": (
        lambda visit, row, form: regrades.regrade_escalate(visit=visit, row=row, reason=form.text("reason")),
        "Your objection is with the instructors",
    ),
    "assign": (
        lambda visit, row, form: regrades.regrade_assign(
            visit=visit, row=row, to=reading.staff_get(visit, form.text("to"))
        ),
        "Assigned",
    ),
    "answer": (
        lambda visit, row, form: regrade_answers.regrade_answer(
            visit=visit, row=row, points=form.points(), text=form.text("text"), seen=form.seen, ticks=_ticks(row, form)
        ),
        "Answered, and told",
    ),
    "decide": (
        lambda visit, row, form: regrade_answers.regrade_decide(
            visit=visit, row=row, points=form.points(), text=form.text("text"), seen=form.seen, ticks=_ticks(row, form)
        ),
        "Decided, and told",
    ),
    "close": (
        lambda visit, row, form: regrades.regrade_close(visit=visit, row=row, reason=form.text("reason")),
        "Closed",
    ),
    "reopen": (lambda visit, row, form: regrades.regrade_reopen(visit=visit, row=row), "Open again"),
}


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "grading/regrades.html", reading.regrade_list(visit, reading.RegradeFilter.of(request.GET)))


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, visit: Visit, regrade: int) -> HttpResponse:
    """A refused step shows the page as it is now, with what was typed."""
    row = reading.regrade_get(visit, regrade)
    form, error = GradeForm.of(request.POST), None
    if request.method == "POST":
        try:
            messages.success(request, _act(visit, row, form))
            return HttpResponseRedirect(row.get_absolute_url())
        except AppError as refused:
            error, row = refused, reading.regrade_get(visit, regrade)
    context = reading.regrade_page(visit, row, timezone.now())
    context |= {"typed": form.typed, "act": form.text("act"), "error": error, "written": form.written}
    context |= reading.answer_ticks(row, context, form.typed, form.ticked) if visit.is_staff else {}
    context["has_field"] = _has_field(form.text("act"), context)
    return render(request, "grading/regrade.html", context, status=error.http_status if error else 200)


def _has_field(act: str, context: dict[str, Any]) -> bool:
    """Whether the page still has the form of this step, and shows in it what was typed."""
    offers = act in {"answer", "decide", "close", "escalate"} and context["may"].get(act, False)
    return offers and (act != "escalate" or context["shows"])


def _act(visit: Visit, row: RegradeRequest, form: GradeForm) -> str:
    """Take one step; returns what to say about it. Raises AppError."""
    if form.text("act") not in ACTS:
        raise BadInput("This page is out of date. Reload it.", code="unknown_act")
    act, said = ACTS[form.text("act")]
    act(visit, row, form)
    return said
