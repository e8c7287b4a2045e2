"""Counting a shelf: choose it, scan what stands there, and decide what follows. Several people may scan the same count."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.error_pages import wants_json
from courseplatform.core.errors import AppError
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for
from hardware.inventory.care_access import take_for
from hardware.inventory.selectors.takes import csv_rows, live, result_page, takes_page
from hardware.inventory.services import takes
from hardware.inventory.views.scan import CAMERA
from hardware.inventory.views.stock import FORM_METHODS
from hardware.models import StockTake

TICKS = ("lost", "moved", "found")


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "hardware/care/takes.html", takes_page(stockroom_for(visit)))


@course_page(STAFF)
@require_POST
def begin(request: HttpRequest, visit: Visit) -> HttpResponse:
    take = takes.take_begin(visit=visit, place=request.POST.get("place", "")[:80])
    return redirect("stock:take", course=visit.course.slug, take=take.pk)


@course_page(STAFF)
@require_http_methods(FORM_METHODS)
def show(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    """The count while it runs, its result when it has ended. A post is a scan; a program gets the part of the page that changed."""
    row = take_for(visit, take)
    if request.method == "POST":
        return _scanned(request, visit, row)
    if row.ended_at is not None:
        return render(request, "hardware/care/take_result.html", result_page(row))
    kit = request.GET.get("kit", "")[:24]
    response = render(request, "hardware/care/take.html", live(row) | {"kit": kit})
    response["Permissions-Policy"] = CAMERA
    return response


def _scanned(request: HttpRequest, visit: Visit, row: StockTake) -> HttpResponse:
    code, whole_kit = request.POST.get("code", ""), "whole_kit" in request.POST
    answer = redirect("stock:take", course=visit.course.slug, take=row.pk)
    try:
        said = takes.take_scan(visit=visit, take=row, code=code, whole_kit=whole_kit)
    except AppError as error:
        if wants_json(request):
            raise
        messages.error(request, error.message)
        return answer
    kit = said.kit.tag if said.kit else ""
    if wants_json(request):
        html = render_to_string("hardware/care/_take_live.html", live(row) | {"visit": visit}, request)
        return JsonResponse({"found": said.found, "said": said.sentence, "is_new": said.is_new, "kit": kit, "html": html})  # fmt: skip
    messages.info(request, said.sentence)
    if kit:
        answer["Location"] += f"?kit={kit}"
    return answer


@course_page(STAFF)
@require_safe
def changed(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    """The part of a running count that changes with every scan, for those who scan beside each other. 204 when it has ended."""
    row = take_for(visit, take)
    if row.ended_at is not None:
        return HttpResponse(status=204)
    return render(request, "hardware/care/_take_live.html", live(row))


@course_page(STAFF)
@require_POST
def end(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    row = takes.take_end(visit=visit, take=take_for(visit, take))
    return redirect("stock:take", course=visit.course.slug, take=row.pk)


@course_page(STAFF)
@require_POST
def drop(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    takes.take_drop(visit=visit, take=take_for(visit, take))
    messages.success(request, "The count is forgotten.")
    return redirect("stock:takes", course=visit.course.slug)


@course_page(STAFF)
@require_POST
def settle(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    ticks: dict[str, Any] = {name: _keys(request.POST.getlist(name)) for name in TICKS}
    done = takes.take_settle(visit=visit, take=take_for(visit, take), **ticks)
    messages.success(
        request,
        f"{done} item{'' if done == 1 else 's'} changed." if done else "Nothing was ticked that is not so already.",
    )
    return redirect("stock:take", course=visit.course.slug, take=take)


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit, take: int) -> HttpResponse:
    row = take_for(visit, take)
    return csv_response(f"count-{row.pk}.csv", ("result", "tag", "product", "word"), csv_rows(row))


def _keys(sent: list[str]) -> list[int]:
    return [int(text) for text in sent if text.isascii() and text.isdecimal() and len(text) < 19]
