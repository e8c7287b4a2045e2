"""Items: the list, one of them, new ones, changes, and moves in and out of circulation."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import item_for, stockroom_for
from hardware.inventory.selectors import export
from hardware.inventory.selectors.items import ItemFilter, initial_of, item_page, items_page, seen_of
from hardware.inventory.services import items
from hardware.inventory.stock.forms import ItemForm, MoveForm, NewItemsForm
from hardware.inventory.views.products import seen
from hardware.inventory.views.stock import FORM_METHODS, INSTRUCTORS
from hardware.models import Product

FIELD_OF = {"tag_taken": "tags", "twice": "tags", "too_many_tags": "tags", "serial_taken": "serials", "wrong_number_of_serials": "serials",
            "bad_serial": "serials", "damaged_number": "serials"}  # fmt: skip


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    query = request.GET.copy()
    query.pop("page", None)
    chosen = ItemFilter.of(request.GET)
    context = items_page(stockroom_for(visit), chosen, request.GET.get("page", "")) | {
        "query": query.urlencode(),
        "may_edit": visit.role in INSTRUCTORS,
    }
    return render(request, "hardware/stock/items.html", context)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom = stockroom_for(visit)
    form = NewItemsForm(request.POST or None, stockroom=stockroom, initial={"product": request.GET.get("product", "")[:18]})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        product, tags, serials = values.pop("product"), values.pop("tags"), values.pop("serials")
        try:
            made = items.items_add(visit=visit, product=product, tags=tags, serials=serials, values=values)
        except AppError as error:
            form.add_error(FIELD_OF.get(error.code), error.message)
        else:
            messages.success(
                request,
                f"{len(made)} {product.name} {'is' if len(made) == 1 else 'are'} in the stock: {made[0].tag}{f' to {made[-1].tag}' if len(made) > 1 else ''}.",
            )
            return redirect("stock:product", course=visit.course.slug, product=product.pk)
    has_products = Product.objects.filter(stockroom=stockroom, is_counted=False, is_archived=False).exists()
    context: dict[str, Any] = {"form": form, "has_products": has_products}
    return render(request, "hardware/stock/items_new.html", context, status=422 if form.errors else 200)


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    row = item_for(visit, tag)
    if row.tag != tag.upper():  # the label is older than its tag
        return redirect("stock:item", course=visit.course.slug, tag=row.tag)
    return render(request, "hardware/stock/item.html", item_page(visit, row))


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    row = item_for(visit, tag)
    form = ItemForm(request.POST or None, stockroom=row.stockroom, initial=initial_of(row, items.FIELDS))
    if request.method == "POST" and form.is_valid():
        try:
            row = items.item_change(visit=visit, item=row, values=form.cleaned_data, seen=seen(request))
            messages.success(request, f"{row.tag} is changed.")
            return redirect("stock:item", course=visit.course.slug, tag=row.tag)
        except AppError as error:
            form.add_error({"tag_taken": "tag", "serial_taken": "serial"}.get(error.code), error.message)
    context: dict[str, Any] = {"form": form, "item": row, "seen": seen(request) or seen_of(row)}
    return render(request, "hardware/stock/item_form.html", context, status=422 if form.errors else 200)


@course_page(STAFF)
@require_POST
def move(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    row, form = item_for(visit, tag), MoveForm(request.POST)
    if not form.is_valid():
        raise BadInput("Choose what becomes of it with one of the buttons on its page.", code="unknown_state")
    row = items.item_move(visit=visit, item=row, **form.cleaned_data)
    messages.success(request, f"{row.tag} is {row.get_status_display().lower()} now.")
    return redirect("stock:item", course=visit.course.slug, tag=row.tag)


@course_page(STAFF)
@require_safe
def history_csv(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    return export.history_csv(visit, item_for(visit, tag))
