"""A file of the stock: choose it, look at what it would change, apply exactly that."""

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
from hardware.inventory.selectors.preview import preview
from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
from hardware.inventory.stock.forms import FileForm
from hardware.inventory.stock.reading import COLUMNS
from hardware.inventory.views.stock import FORM_METHODS, INSTRUCTORS
from hardware.models import Kind, StockImport

WAITS = timedelta(days=7)  # how long a preview is offered again


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom, refusal = stockroom_for(visit), None
    form = FileForm(request) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            made = stock_import_create(visit=visit, data=form.data_of(MOST_BYTES), file_name=form.file_name)
            return redirect("stock:import", course=visit.course.slug, stock_import=made.pk)
        except AppError as error:
            refusal = error
    earlier = StockImport.objects.filter(stockroom=stockroom).select_related("made_by").defer("rows", "found")
    context: dict[str, Any] = {
        "form": form, "refusal": refusal, "text": form.data.get("text", "") if form else "", "columns": list(COLUMNS), "kinds": Kind.values,
        "waiting": earlier.filter(status=StockImport.Status.PREVIEWED, made_at__gt=timezone.now() - WAITS)[:5],
        "earlier": earlier.filter(status=StockImport.Status.APPLIED)[:10],
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
    if found.status == StockImport.Status.APPLIED:
        return render(request, "hardware/stock/import_applied.html", {"import": found})
    context = preview(found, plan_of(visit, found)) | {"error": error}
    return render(request, "hardware/stock/import_preview.html", context, status=error.http_status if error else 200)


@course_page(INSTRUCTORS)
@require_POST
def apply(request: HttpRequest, visit: Visit, stock_import: int) -> HttpResponse:
    found = _import_get(visit, stock_import)
    try:
        found = stock_import_apply(visit=visit, stock_import=found, digest=request.POST.get("digest", ""))
    except Conflict as error:
        return _page(request, visit, found, error)
    messages.success(request, "The list is applied.")
    return redirect("stock:import", course=visit.course.slug, stock_import=found.pk)
