"""What is free when, asking for it, and answering."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for
from hardware.inventory.lending.reservation_forms import DatesForm, FreeForm, RequestForm, has_return
from hardware.inventory.selectors.free_page import free_page, free_words
from hardware.inventory.selectors.reservations import (
    my_requests,
    reservation_for,
    reservation_page,
    staff_requests,
)
from hardware.inventory.services import reservations
from hardware.inventory.services.bookings import NOT_FREE
from hardware.inventory.views.stock import FORM_METHODS
from hardware.models import Item, Reservation, Stockroom

FIELD_OF = {"bad_count": "count", "counted_product": "thing", "not_in_service": "thing", "kit_part": "thing", "quota": "count", "past": "from_day",
            "backwards": "until_day", "too_long": "until_day", "beyond_term": "until_day", "no_return": "for_term"}  # fmt: skip
MOST_TICKED = 200


@course_page()
@require_safe
def free(request: HttpRequest, visit: Visit) -> HttpResponse:
    now = timezone.now()
    form = FreeForm(request.GET if request.GET.get("from_day") else None, zone=visit.course.tz, now=now)
    if form.is_bound:
        form.is_valid()
    context = free_page(visit.course, stockroom_for(visit), now, form.chosen)
    days = {name: request.GET[name] for name in form.fields if request.GET.get(name)} if form.chosen else {}
    context |= {"form": form, "days": request.GET.urlencode() if days else ""}
    return render(request, "hardware/reserve/free.html", context, status=422 if form.errors else 200)


@course_page()
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    now, stockroom = timezone.now(), stockroom_for(visit)
    form = RequestForm(
        request.POST or None, visit=visit, stockroom=stockroom, now=now, has_return=has_return(visit, now),
        initial={"from_day": now.astimezone(visit.course.tz).date()} | _from_address(request, stockroom),
    )  # fmt: skip
    refused = ""
    if request.method == "POST" and form.is_valid():
        assert form.from_at is not None
        try:
            row = reservations.reservation_make(
                visit=visit, borrower=form.borrower_chosen(), **form.thing_chosen(), count=form.cleaned_data["count"], from_at=form.from_at,
                until_at=form.until_at, why=form.cleaned_data["why"], key=form.cleaned_data["key"], wait=form.cleaned_data["wait"], now=now,
            )  # fmt: skip
            return _shown(request, row, {"waiting": "It is on the waiting list.", "asked": "It is held for you until the staff answer.",
                                         "approved": "It is reserved."}.get(row.status, "It was asked for already."))  # fmt: skip
        except AppError as error:
            field, refused = FIELD_OF.get(error.code), error.code
            form.add_error(field if field in form.fields else None, error.message)
    if form.item is not None:
        words = free_words(visit.course, form.item, now)
        form.fields["thing"].help_text = f"{form.item.tag} is {words}. It is held itself, and no other in its place."
    context: dict[str, Any] = {
        "form": form, "may_wait": refused == NOT_FREE, "has_things": bool(form.fields["thing"].choices), "has_borrowers": bool(form.fields["borrower"].choices),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "hardware/reserve/new.html", context, status=422 if form.errors else 200)


def _from_address(request: HttpRequest, stockroom: Stockroom) -> dict[str, Any]:
    """What a link to the form has chosen already."""
    given = {
        name: request.GET[name][:40]
        for name in ("from_day", "from_time", "until_day", "until_time")
        if request.GET.get(name)
    }
    if tag := request.GET.get("item", ""):
        found = Item.objects.filter(stockroom=stockroom, tag=tag[:24].upper()).first()
        given |= {"thing": f"item-{found.pk}"} if found else {}
    for kind in ("product", "kit"):
        if request.GET.get(kind, "").isdecimal():
            given["thing"] = f"{kind}-{request.GET[kind][:18]}"
    return given


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom_for(visit)
    if visit.is_staff:
        return render(request, "hardware/reserve/staff.html", staff_requests(visit, timezone.now()))
    return render(request, "hardware/reserve/mine.html", my_requests(visit, timezone.now()))


@course_page(STAFF)
@require_safe
def pick_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    """On paper: what is to be put on the table today, with the items that are planned for it."""
    stockroom_for(visit)
    found = staff_requests(visit, timezone.now())
    tags: dict[int, list[str]] = {}
    rows = [row["row"].pk for row in found["today"]]
    for row in Reservation.objects.filter(pk__in=rows).prefetch_related("bookings__item"):
        tags[row.pk] = sorted(one.item.tag for one in row.bookings.all() if one.is_active and one.item)
    for one in found["today"]:
        one["tags"] = tags.get(one["row"].pk, [])
    return render(request, "hardware/reserve/pick_list.html", {"rows": found["today"], "now": timezone.now()})


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit, reservation: int) -> HttpResponse:
    row = reservation_for(visit, reservation)
    return render(
        request, "hardware/reserve/show.html", reservation_page(visit, row) | {"form": _dates_form(visit, row)}
    )


def _dates_form(visit: Visit, row: Reservation, data: Any = None) -> DatesForm:
    zone, now = visit.course.tz, timezone.now()
    begins, ends = row.from_at.astimezone(zone), row.until_at.astimezone(zone)
    initial = {
        "from_day": begins.date(),
        "from_time": begins.time(),
        "until_day": ends.date(),
        "until_time": ends.time(),
        "for_term": row.is_term,
    }
    # What has begun keeps its beginning; it is not asked from today on.
    return DatesForm(
        data, zone=zone, now=min(now, row.from_at), has_return=row.is_term or has_return(visit, now), initial=initial
    )


@course_page()
@require_POST
def dates(request: HttpRequest, visit: Visit, reservation: int) -> HttpResponse:
    row = reservation_for(visit, reservation)
    form = _dates_form(visit, row, request.POST)
    if form.is_valid():
        assert form.from_at is not None
        try:
            row = reservations.reservation_change_dates(
                visit=visit, reservation=row, from_at=form.from_at, until_at=form.until_at
            )
            return _shown(request, row, "The days are changed.")
        except AppError as error:
            field = FIELD_OF.get(error.code)
            form.add_error(field if field in form.fields else None, error.message)
    return render(request, "hardware/reserve/show.html", reservation_page(visit, row) | {"form": form}, status=422)


@course_page()
@require_POST
def cancel(request: HttpRequest, visit: Visit, reservation: int) -> HttpResponse:
    row = reservation_for(visit, reservation)
    reservations.reservation_cancel(visit=visit, reservation=row, why=request.POST.get("why", "")[:300])
    return _shown(request, row, "It is cancelled, and nothing is held any more.")


@course_page(STAFF)
@require_POST
def answer(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One of them by its own button, or all that are ticked. Each is answered for itself: one that cannot be says why."""
    act = next((name for name in ("approve", "decline") if name in request.POST), "")
    one = request.POST.get(act, "")
    chosen = [one] if one.isdecimal() else request.POST.getlist("reservation")
    keys = [int(key) for key in chosen[:MOST_TICKED] if key.isascii() and key.isdecimal() and len(key) < 19]
    if not act or not keys:
        raise BadInput("Tick the requests that you answer, then approve or decline them.", code="nothing_chosen")
    decide = reservations.reservation_approve if act == "approve" else reservations.reservation_decline
    done = 0
    for key in keys:
        try:
            decide(visit=visit, reservation=reservation_for(visit, key), answer=request.POST.get("answer", ""))
            done += 1
        except AppError as error:
            messages.error(request, error.message)
    if done:
        messages.success(
            request, f"{done} request{'' if done == 1 else 's'} {'approved' if act == 'approve' else 'declined'}."
        )
    return redirect("stock:requests", course=visit.course.slug)


def _shown(request: HttpRequest, row: Reservation, said: str) -> HttpResponseRedirect:
    messages.success(request, said)
    return redirect("stock:request", course=row.course.slug, reservation=row.pk)
