"""Damage cases: the list, one case, and reports by the staff and by who has the thing."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.image_files import MOST_BYTES, no_image
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import item_for, stockroom_for
from hardware.inventory.care_access import case_for, case_photo_for
from hardware.inventory.selectors.cases import CaseFilter, case_page, cases_page
from hardware.inventory.services import cases
from hardware.inventory.stock import rules
from hardware.inventory.stock.forms import RuleField, line
from hardware.models import CaseStatus, Condition


class MoveCaseForm(forms.Form):
    to = forms.ChoiceField(choices=CaseStatus.choices)
    why = line(300)
    condition = forms.ChoiceField(choices=[("", ""), *Condition.choices], required=False)


class CostForm(forms.Form):
    cost = RuleField(rules.value_of)
    currency = RuleField(rules.currency_of)
    note = line(300)


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    query = request.GET.copy()
    query.pop("page", None)
    found = cases_page(stockroom_for(visit), CaseFilter.of(request.GET), request.GET.get("page", ""))
    return render(request, "hardware/care/cases.html", found | {"query": query.urlencode()})


@course_page(STAFF)
@require_safe
def show(request: HttpRequest, visit: Visit, case: int) -> HttpResponse:
    return render(request, "hardware/care/case.html", case_page(visit, case_for(visit, case)))


@course_page(STAFF)
@require_POST
def opened(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    item = item_for(visit, tag)
    case = cases.case_open(visit=visit, item=item, what=request.POST.get("what", ""), photos=photos_of(request))
    messages.success(request, f"The case of {item.tag} is open.")
    return redirect("stock:case", course=visit.course.slug, case=case.pk)


@course_page()
@require_POST
def report(request: HttpRequest, visit: Visit, tag: str) -> HttpResponse:
    item = item_for(visit, tag)
    cases.case_report(visit=visit, item=item, what=request.POST.get("what", ""), photos=photos_of(request))
    messages.success(request, f"The staff know that something is wrong with {item.tag}. Keep it until they answer.")
    return redirect("stock:item", course=visit.course.slug, tag=item.tag)


@course_page(STAFF)
@require_POST
def move(request: HttpRequest, visit: Visit, case: int) -> HttpResponse:
    row, form = case_for(visit, case), MoveCaseForm(request.POST)
    if not form.is_valid():
        raise BadInput("Choose what becomes of it with one of the buttons on its page.", code="unknown_state")
    row = cases.case_move(visit=visit, case=row, **form.cleaned_data)
    messages.success(request, f"{row.item.tag}: {row.get_status_display().lower()}.")
    return _back(visit, row.pk)


@course_page(STAFF)
@require_POST
def note(request: HttpRequest, visit: Visit, case: int) -> HttpResponse:
    cases.case_note(visit=visit, case=case_for(visit, case), text=request.POST.get("text", ""))
    return _back(visit, case)


@course_page(STAFF)
@require_POST
def cost(request: HttpRequest, visit: Visit, case: int) -> HttpResponse:
    row, form = case_for(visit, case), CostForm(request.POST)
    if not form.is_valid():
        raise BadInput(str(next(iter(form.errors.values()))[0]), code="bad_value")
    values: dict[str, Any] = form.cleaned_data
    amount: Decimal | None = values["cost"]
    cases.case_cost(visit=visit, case=row, cost=amount, currency=values["currency"], note=values["note"])
    messages.success(request, "The cost is written down.")
    return _back(visit, case)


@course_page(STAFF)
@require_POST
def photo_add(request: HttpRequest, visit: Visit, case: int) -> HttpResponse:
    found = photos_of(request)
    if not found:
        raise no_image()
    for name, content in found:
        cases.case_photo_add(visit=visit, case=case_for(visit, case), name=name, content=content)
    messages.success(request, "The photo is kept." if len(found) == 1 else f"{len(found)} photos are kept.")
    return _back(visit, case)


@course_page()
@require_safe
def photo(request: HttpRequest, visit: Visit, case_photo: int) -> HttpResponseBase:
    """A photo as what its bytes are, and as nothing else."""
    row = case_photo_for(visit, case_photo)
    name = f"photo.{row.media_type.removeprefix('image/')}"
    return serve_stored(request, row.file, name=name, media_type=row.media_type, is_inline=True)


def photos_of(request: HttpRequest) -> list[cases.Photo]:
    """What was sent as `photos`; one byte more than a picture may have, so that the refusal is that of its size."""
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    sent = request.FILES.getlist("photos")[: cases.MOST_PHOTOS + 1]
    return [(str(one.name or ""), one.read(MOST_BYTES + 1)) for one in sent]


def _back(visit: Visit, case: int) -> HttpResponse:
    return redirect("stock:case", course=visit.course.slug, case=case)
