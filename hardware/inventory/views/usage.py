"""What was out over the term: the page, and its files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for
from hardware.inventory.selectors.dashboard import figure_of
from hardware.inventory.selectors.usage import (
    TERM_COLUMNS,
    USED_COLUMNS,
    OverTheTerm,
    Usage,
    term_rows,
    to_buy,
    used_rows,
)
from hardware.inventory.term.picture import picture
from hardware.inventory.term.usage import WORTH_DAYS


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    context = figure_of(visit, stockroom_for(visit), timezone.now(), request.GET.get("what", ""))
    return render(
        request, "hardware/stock/usage.html", context | {"to_buy": to_buy(context["usage"]), "worth_days": WORTH_DAYS}
    )


def _figure(request: HttpRequest, visit: Visit) -> OverTheTerm:
    found: OverTheTerm = figure_of(visit, stockroom_for(visit), timezone.now(), request.GET.get("what", ""))["f"]
    return found


def _file(visit: Visit, name: str) -> str:
    return f"{visit.course.slug}-{name}"


@course_page(STAFF)
@require_safe
def term_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every day of the term so far."""
    return csv_response(_file(visit, "over-the-term.csv"), TERM_COLUMNS, term_rows(_figure(request, visit)))


@course_page(STAFF)
@require_safe
def term_png(request: HttpRequest, visit: Visit) -> HttpResponse:
    response = HttpResponse(picture(_figure(request, visit)), content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="{_file(visit, "over-the-term.png")}"'
    return response


@course_page(STAFF)
@require_safe
def used_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    usage: Usage = figure_of(visit, stockroom_for(visit), timezone.now(), "")["usage"]
    return csv_response(_file(visit, "use-of-hardware.csv"), USED_COLUMNS, used_rows(usage))
