"""The page Hardware: what a course owns for its staff, what it offers for everybody else; its beginning; its files."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import AppError
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page
from courseplatform.courses.models import STAFF, Course, Role
from courseplatform.courses.public_pages import devices
from hardware.inventory.access import label_opens, rooms_to_join, stockroom_for, stockroom_of
from hardware.inventory.selectors import export
from hardware.inventory.selectors.dashboard import staff_page
from hardware.inventory.selectors.mine import my_page
from hardware.inventory.selectors.refusals import why_not
from hardware.inventory.selectors.stock import offer_page
from hardware.inventory.services.stockrooms import check_may_leave, stockroom_create, stockroom_join, stockroom_leave
from hardware.inventory.stock.forms import StockroomForm
from hardware.models import Item, Kit

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FORM_METHODS = ["GET", "HEAD", "POST"]


@public_course_page
@require_safe
def index(request: HttpRequest, reader: Reader) -> HttpResponse:
    stockroom, visit, now = stockroom_of(reader.course), reader.visit, timezone.now()
    may_edit = reader.role == Role.INSTRUCTOR
    if visit is None:
        return render(request, "hardware/stock/offer.html", {"course": reader.course, **devices(reader.course), **offer_page(stockroom)})  # fmt: skip
    if stockroom is None:
        return render(request, "hardware/stock/none.html", {"may_edit": may_edit})
    if not visit.is_staff:
        return render(request, "hardware/stock/my.html", my_page(visit, now) | offer_page(stockroom))
    page = staff_page(visit, stockroom, now, request.GET.get("what", ""))
    return render(request, "hardware/stock/index.html", page | {"may_edit": may_edit})


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def setup(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A stockroom of its own, or that of another term; `join` names the second."""
    if stockroom_of(visit.course) is not None:
        return redirect("stock:index", course=visit.course.slug)
    join = request.POST.get("join", "")
    form = StockroomForm(request.POST if request.method == "POST" and not join else None, initial=_offered_names(visit))
    if request.method == "POST":
        try:
            if join:
                stockroom_join(visit=visit, stockroom=int(join) if join.isascii() and join.isdecimal() and len(join) < 19 else 0)  # fmt: skip
            elif form.is_valid():
                stockroom_create(visit=visit, **form.cleaned_data)
            if join or form.is_valid():
                messages.success(request, "The stock is there. Import a list, or add what you own one by one.")
                return redirect("stock:index", course=visit.course.slug)
        except AppError as error:
            if join:
                raise
            form.add_error("slug" if error.code in ("bad_slug", "slug_taken") else None, error.message)
    context: dict[str, Any] = {"form": form, "rooms": rooms_to_join(visit.person)}
    return render(request, "hardware/stock/setup.html", context, status=422 if form.errors else 200)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def room(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The stockroom that the course lends from, who else does, and the end of it."""
    stockroom = stockroom_for(visit)
    if request.method == "POST":
        stockroom_leave(visit=visit)
        messages.success(request, f"The course lends from {stockroom.name} no more.")
        return redirect("stock:index", course=visit.course.slug)
    others = (
        Course.objects.filter(stockroom_link__stockroom=stockroom)
        .exclude(pk=visit.course.pk)
        .order_by("-starts_on", "slug")
    )
    context = {"stockroom": stockroom, "others": others, "keeps": why_not(check_may_leave, visit, stockroom)}
    return render(request, "hardware/stock/room.html", context)


def _offered_names(visit: Visit) -> dict[str, str]:
    number = visit.course.number or visit.course.title
    return {"name": f"{number} hardware"[:80], "slug": visit.course.slug[:24].strip("-")}


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    return export.stock_csv(visit)


@course_page(STAFF)
@require_safe
def history_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    return export.history_csv(visit)


@signed_in
@require_safe
def label(request: HttpRequest, stockroom: str, tag: str) -> HttpResponse:
    """The address on a label: a phone's own camera opens the item or the kit in the course of whoever scans it."""
    assert isinstance(request.user, User)
    course, thing = label_opens(request.user, stockroom, tag)
    return redirect(page_of(course, thing))


def page_of(course: Course, thing: Item | Kit) -> str:
    """The address of an item or a kit in a course."""
    if isinstance(thing, Kit):
        return reverse("stock:kit", kwargs={"course": course.slug, "kit": thing.tag})
    return reverse("stock:item", kwargs={"course": course.slug, "tag": thing.tag})
