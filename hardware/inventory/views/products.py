"""One entry of the catalogue: made, shown, changed, with its picture, and counted."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import AppError, BadInput, NotHere
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page
from courseplatform.courses.models import STAFF
from hardware.course_devices import profiles_of
from hardware.inventory.access import product_for, stockroom_for
from hardware.inventory.selectors.items import initial_of, product_page, seen_of
from hardware.inventory.services import products
from hardware.inventory.stock.forms import CountForm, ProductForm
from hardware.inventory.views.stock import FORM_METHODS, INSTRUCTORS
from hardware.models import Product


def _devices(visit: Visit, held: str = "") -> dict[str, str]:
    found = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    return found if not held else {held: held} | found


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    form = ProductForm(request.POST or None, devices=_devices(visit), initial={"kind": "board"})
    if request.method == "POST" and form.is_valid():
        try:
            made = products.product_add(visit=visit, values=form.cleaned_data)
            messages.success(request, f"{made.name} is in the catalogue.")
            return redirect("stock:product", course=visit.course.slug, product=made.pk)
        except AppError as error:
            form.add_error("name" if error.code == "name_taken" else None, error.message)
    return render(request, "hardware/stock/product_form.html", {"form": form}, status=422 if form.errors else 200)


@course_page(STAFF)
@require_safe
def show(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    return _page(request, visit, product_for(visit, product))


def _page(request: HttpRequest, visit: Visit, row: Product, form: CountForm | None = None) -> HttpResponse:
    context = product_page(visit, row)
    context["form"] = form or CountForm(initial={"key": context["key"]})
    return render(request, "hardware/stock/product.html", context, status=422 if form else 200)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    row = product_for(visit, product)
    form = ProductForm(request.POST or None, devices=_devices(visit, row.device), initial=initial_of(row, products.FIELDS))  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            products.product_change(visit=visit, product=row, values=form.cleaned_data, seen=seen(request))
            messages.success(request, f"{form.cleaned_data['name']} is changed.")
            return redirect("stock:product", course=visit.course.slug, product=row.pk)
        except AppError as error:
            form.add_error("name" if error.code == "name_taken" else None, error.message)
    context: dict[str, Any] = {"form": form, "product": row, "seen": seen(request) or seen_of(row)}
    return render(request, "hardware/stock/product_form.html", context, status=422 if form.errors else 200)


@course_page(INSTRUCTORS)
@require_POST
def archive(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    """Offer it no more, or with `restore` again."""
    row = product_for(visit, product)
    if "restore" in request.POST:
        products.product_restore(visit=visit, product=row)
        messages.success(request, f"{row.name} is offered again.")
    else:
        products.product_archive(visit=visit, product=row, why=request.POST.get("why", ""))
        messages.success(request, f"{row.name} is archived. Its items and its history stay.")
    return redirect("stock:product", course=visit.course.slug, product=row.pk)


@course_page(INSTRUCTORS)
@require_POST
def delete(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    row = product_for(visit, product)
    products.product_delete(visit=visit, product=row)
    messages.success(request, f"{row.name} is no longer in the catalogue.")
    return redirect("stock:index", course=visit.course.slug)


def seen(request: HttpRequest) -> int:
    """The newest event that the form has seen; 0 for what is no number."""
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@course_page(STAFF)
@require_POST
def count(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    row, form = product_for(visit, product), CountForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, row, form)
    try:
        left = products.count_record(visit=visit, product=row, **form.cleaned_data)
    except AppError as error:
        form.add_error("number", error.message)
        return _page(request, visit, row, form)
    messages.success(request, f"There are {left} of {row.name} now.")
    return redirect("stock:product", course=visit.course.slug, product=row.pk)


@course_page(INSTRUCTORS)
@require_POST
def picture_set(request: HttpRequest, visit: Visit, product: int) -> HttpResponse:
    row = product_for(visit, product)
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    upload = request.FILES.get("picture")
    if upload is None:
        raise BadInput("No picture came with the form. Choose a PNG, JPEG or WebP file.", code="no_image")
    content = upload.read(products.MOST_PICTURE_BYTES + 1)
    products.product_picture_set(visit=visit, product=row, name=str(upload.name or ""), content=content)
    messages.success(request, f"{row.name} has a picture.")
    return redirect("stock:product", course=visit.course.slug, product=row.pk)


@public_course_page
@require_safe
def picture(request: HttpRequest, reader: Reader, product: int) -> HttpResponseBase:
    """A picture as what its bytes are, and as nothing else; what the course offers is shown with it."""
    row = Product.objects.filter(stockroom__courses__course=reader.course, pk=product).exclude(picture="").first()
    if row is None:
        raise NotHere("There is no such picture.")
    name = f"picture.{row.picture_type.removeprefix('image/')}"
    return serve_stored(request, row.picture, name=name, media_type=row.picture_type, is_inline=True)
