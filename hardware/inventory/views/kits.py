"""Kits: the list, one of them, new ones, changes, and kits that are given up."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import kit_for, stockroom_for
from hardware.inventory.kits.contents import kit_slots
from hardware.inventory.kits.forms import KitForm, PartForm, Rows
from hardware.inventory.selectors import kits as selectors
from hardware.inventory.selectors.refusals import why_not
from hardware.inventory.services import kits
from hardware.inventory.views.products import seen
from hardware.inventory.views.scan import CAMERA
from hardware.inventory.views.stock import FORM_METHODS, INSTRUCTORS
from hardware.models import Kit, Stockroom

FIELD_OF = {"tag_taken": "tag", "too_many_tags": "tag", "no_name": "name"}


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "hardware/kits/index.html", selectors.kits_page(visit, request.GET))


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit, kit: str) -> HttpResponse:
    return render(request, "hardware/kits/show.html", selectors.kit_page(visit, kit_for(visit, kit)))


@course_page(STAFF)
@require_safe
def csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    return selectors.kits_csv(visit)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    page = _Page(request, visit, None)
    if page.is_saved():
        tags = page.form.cleaned_data["tag"]
        try:
            made = kits.kits_add(
                visit=visit, tags=tags, name=page.form.cleaned_data["name"], note=page.form.cleaned_data["note"], parts=page.rows.parts(len(tags)),
            )  # fmt: skip
        except AppError as error:
            page.refuse(error)
        else:
            if len(made) == 1:
                messages.success(request, f"{made[0].tag} is made. Print its label next.")
                return redirect("stock:kit", course=visit.course.slug, kit=made[0].tag)
            messages.success(request, f"{len(made)} kits are made: {made[0].tag} to {made[-1].tag}.")
            return redirect("stock:kits", course=visit.course.slug)
    return page.response()


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, kit: str) -> HttpResponse:
    row = kit_for(visit, kit)
    page = _Page(request, visit, row)
    if page.is_saved():
        try:
            kits.kit_change(
                visit=visit, kit=row, values=page.form.cleaned_data, parts=page.rows.parts(1), seen=seen(request)
            )
        except AppError as error:
            page.refuse(error)
        else:
            messages.success(request, f"{row.tag} is changed.")
            return redirect("stock:kit", course=visit.course.slug, kit=row.tag)
    return page.response()


@course_page(INSTRUCTORS)
@require_POST
def retire(request: HttpRequest, visit: Visit, kit: str) -> HttpResponse:
    """Give it up, or with `restore` take it into use again."""
    row = kit_for(visit, kit)
    if "restore" in request.POST:
        row = kits.kit_restore(visit=visit, kit=row)
        messages.success(request, f"{row.tag} is in use again.")
    else:
        row = kits.kit_retire(visit=visit, kit=row, why=request.POST.get("why", ""))
        messages.success(request, f"{row.tag} is given up. Its parts can be lent one by one.")
    return redirect("stock:kit", course=visit.course.slug, kit=row.tag)


class _Page:
    """The form of a kit between two requests: each part that is added or left out is one, and only `do=save` writes."""

    def __init__(self, request: HttpRequest, visit: Visit, kit: Kit | None) -> None:
        self.request, self.kit = request, kit
        self.stockroom: Stockroom = stockroom_for(visit)
        self.is_sent = request.method == "POST"
        self.saves = request.POST.get("do") == "save"
        initial = {"name": kit.name, "note": kit.note} if kit else {}
        self.form = KitForm(request.POST if self.is_sent else None, initial=initial, with_tag=kit is None)
        self.more = PartForm(stockroom=self.stockroom)
        self.rows = Rows.of_slots(self.stockroom, kit_slots(kit)) if kit and not self.is_sent else Rows(self.stockroom)
        self.refusal: AppError | None = None
        if self.is_sent:
            self._gather()

    def _gather(self) -> None:
        sent = self.request.POST
        more = PartForm(sent, stockroom=self.stockroom)
        try:
            self.rows = Rows.of_form(self.stockroom, sent)
            added = self._add(more)
        except BadInput as error:
            self.refusal, self.more = error, more
            return
        if not (added or self.saves or "drop" in sent) and more.is_valid():
            more.add_error("code", "Scan or type a tag, or choose a product.")
        if more.errors:
            self.more = more
        self.rows.describe()

    def _add(self, more: PartForm) -> bool:
        if not more.is_valid():
            return False
        code, product = more.cleaned_data["code"], more.cleaned_data["product"]
        try:
            if code.strip():
                self.rows.add_tags(code)
            if product is not None:
                self.rows.add_product(product, more.cleaned_data["number"] or 0)
        except BadInput as error:
            more.add_error("number" if error.code == "bad_count" else "code", error.message)
            return False
        return bool(code.strip() or product)

    def is_saved(self) -> bool:
        return self.is_sent and self.saves and not self.refusal and not self.more.errors and self.form.is_valid()

    def refuse(self, error: AppError) -> None:
        self.form.add_error(
            field if (field := FIELD_OF.get(error.code, "")) in self.form.fields else None, error.message
        )

    def response(self) -> HttpResponse:
        is_wrong = self.refusal or self.more.errors or (self.saves and self.form.errors)
        if self.is_sent and not self.saves:
            self.form = KitForm(initial=self.request.POST.dict(), with_tag=self.kit is None)
        context: dict[str, Any] = {
            "form": self.form, "more": self.more, "rows": self.rows.rows, "kit": self.kit, "fixed": why_not(kits.check_back, self.kit) if self.kit else "",
            "refusal": self.refusal, "stockroom": self.stockroom,
            "adds": self.is_sent and not self.saves, "seen": seen(self.request) or (kits.last_kit_event(self.kit) if self.kit else 0),
        }  # fmt: skip
        response = render(self.request, "hardware/kits/form.html", context, status=422 if is_wrong else 200)
        response["Permissions-Policy"] = CAMERA
        return response
