"""Scan a label with the camera of a phone, with a hand scanner, or type the tag: all three arrive here as text."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for, thing_for
from hardware.inventory.stock.scanning import read_code
from hardware.inventory.views.stock import FORM_METHODS, page_of
from hardware.models import Item, Kit

CAMERA = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"  # this page alone may ask for it


@course_page(STAFF)
@require_http_methods(FORM_METHODS)
def scan(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom, refusal, code = stockroom_for(visit), None, request.POST.get("code", "")
    if request.method == "POST":
        try:
            thing = thing_for(visit, read_code(code, stockroom.slug))
            return redirect(
                _reserve_of(visit, thing) if request.POST.get("do") == "reserve" else page_of(visit.course, thing)
            )
        except AppError as error:
            refusal = error
    context = {"stockroom": stockroom, "refusal": refusal, "code": code[:80]}
    response = render(request, "hardware/stock/scan.html", context, status=refusal.http_status if refusal else 200)
    response["Permissions-Policy"] = CAMERA
    return response


def _reserve_of(visit: Visit, thing: Item | Kit) -> str:
    """The form of a request with this very thing chosen."""
    chosen = f"kit={thing.pk}" if isinstance(thing, Kit) else f"item={thing.tag}"
    return f"{reverse('stock:reserve', kwargs={'course': visit.course.slug})}?{chosen}"
