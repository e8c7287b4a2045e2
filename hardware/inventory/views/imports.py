"""A file of the stock: choose it, look at what it would change, apply exactly that."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, Conflict, NotHere
from courseplatform.core.sheets.decode import MOST_BYTES
from courseplatform.courses.access import Visit, course_page
from hardware.inventory.access import stockroom_for
from hardware.inventory.selectors.preview import kit_preview, preview
from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
from hardware.inventory.services.kit_imports import is_of_kits, kit_import_apply, kit_import_create, kit_plan_of
from hardware.inventory.stock.forms import FileForm
from hardware.inventory.stock.reading import COLUMNS, KIT_COLUMNS
from hardware.inventory.views.stock import FORM_METHODS, INSTRUCTORS
from hardware.models import Kind, StockImport

WAITS = timedelta(days=7)  # how long a preview is offered again


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _new(request, visit, stock_import_create, {"columns": list(COLUMNS), "kinds": Kind.values})


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new_kits(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _new(request, visit, kit_import_create, {"columns": list(KIT_COLUMNS), "of_kits": True})


def _new(request: HttpRequest, visit: Visit, create: Callable[..., StockImport], shown: dict[str, Any]) -> HttpResponse:
    stockroom, refusal = stockroom_for(visit), None
    form = FileForm(request) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            made = create(visit=visit, data=form.data_of(MOST_BYTES), file_name=form.file_name)
            return redirect("stock:import", course=visit.course.slug, stock_import=made.pk)
        except AppError as error:
            refusal = error
    earlier = StockImport.objects.filter(stockroom=stockroom).select_related("made_by").defer("rows", "result")[:60]
    same = [one for one in earlier if is_of_kits(one) == bool(shown.get("of_kits"))]
    since, waits = timezone.now() - WAITS, StockImport.Status.PREVIEWED
    context: dict[str, Any] = shown | {
        "form": form, "refusal": refusal, "text": form.data.get("text", "") if form else "",
        "waiting": [one for one in same if one.status == waits and one.made_at > since][:5], "earlier": [one for one in same if one.status != waits][:10],
    }  # fmt: skip
    status = refusal.http_status if refusal else 422 if form is not None and form.errors else 200
    return render(request, "hardware/stock/import.html", context, status=status)


def _import_get(visit: Visit, pk: int) -> StockImport:
    wanted = StockImport.objects.filter(stockroom__courses__course=visit.course, pk=pk)
    found = wanted.select_related("stockroom", "made_by").first()
    if found is None:
        raise NotHere("There is no such import in this course.")
    return found


@course_page(INSTRUCTORS)
@require_safe
def show(request: HttpRequest, visit: Visit, stock_import: int) -> HttpResponse:
    """The preview, or what was applied."""
    return _page(request, visit, _import_get(visit, stock_import))


def _page(request: HttpRequest, visit: Visit, found: StockImport, error: AppError | None = None) -> HttpResponse:
    of_kits = is_of_kits(found)
    if found.status == StockImport.Status.APPLIED:
        return render(request, "hardware/stock/import_applied.html", {"import": found, "of_kits": of_kits})
    shown = kit_preview(found, kit_plan_of(found)) if of_kits else preview(found, plan_of(visit, found))
    context = shown | {"error": error, "of_kits": of_kits}
    return render(request, "hardware/stock/import_preview.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def apply(request: HttpRequest, visit: Visit, stock_import: int) -> HttpResponse:
    found = _import_get(visit, stock_import)
    try:
        write = kit_import_apply if is_of_kits(found) else stock_import_apply
        found = write(visit=visit, stock_import=found, digest=request.POST.get("digest", ""))
    except Conflict as error:
        return _page(request, visit, found, error)
    messages.success(request, "The list is applied.")
    return redirect("stock:import", course=visit.course.slug, stock_import=found.pk)
