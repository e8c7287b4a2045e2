"""Labels: choose the items or kits and the sheet, and get a PDF to print."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from courseplatform.core.errors import BadInput
from courseplatform.core.form_fields import WholeField
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from hardware.inventory.access import stockroom_for
from hardware.inventory.labels.sheets import SHEETS
from hardware.inventory.stock import rules
from hardware.models import Item, Kit, Product, Stockroom

Thing = Item | Kit
MOST_LABELS = 500  # 5 ms of a processor each


class LabelForm(forms.Form):
    """Which items, by tag or by product, or which kits, on which sheet, from which place on."""

    product = forms.ModelChoiceField(queryset=Product.objects.none(), required=False, label="Items of", empty_label="all items")  # fmt: skip
    tags = forms.CharField(
        required=False,
        max_length=2000,
        label="Or these tags",
        help_text="With commas or spaces between; a range as PI-[01-30].",
    )
    kits = forms.BooleanField(required=False, label="All kits instead of items")
    sheet = forms.ChoiceField(choices=[(sheet.slug, sheet.name) for sheet in SHEETS.values()], label="Sheet")
    start = WholeField(
        min_value=1,
        max_value=200,
        initial=1,
        label="First label at place",
        help_text="Counted along the rows, for a sheet of which some are gone.",
    )

    def __init__(self, stockroom: Stockroom, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.stockroom = stockroom
        self.fields["product"].queryset = Product.objects.filter(stockroom=stockroom, is_counted=False)  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        try:
            return [tag for word in self.cleaned_data["tags"].replace(",", " ").split() for tag in rules.tags_of(word)]
        except BadInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        sheet, start = SHEETS.get(cleaned.get("sheet", "")), cleaned.get("start")
        if sheet and start and start > sheet.places:
            self.add_error("start", f"This sheet has {sheet.places} places.")
        if not self.errors:
            cleaned["things"] = self._things(cleaned)
        return cleaned

    def _things(self, cleaned: dict[str, Any]) -> list[Thing]:
        tags, with_kits = cleaned["tags"], cleaned["kits"]
        items = Item.objects.filter(stockroom=self.stockroom).select_related("product").order_by("tag")
        kits = Kit.objects.filter(stockroom=self.stockroom)
        if tags:
            items, kits = items.filter(tag__in=tags), kits.filter(tag__in=tags)
        else:
            chosen = items.exclude(status=Item.Status.RETIRED)
            items = chosen.filter(product=cleaned["product"]) if cleaned["product"] else chosen
            items, kits = (items.none(), kits.filter(is_retired=False)) if with_kits else (items, kits.none())
        found: list[Thing] = [*items, *kits]
        if missing := sorted(set(tags) - {one.tag for one in found}):
            self.add_error("tags", f"Nothing here has the tag {', '.join(missing[:8])}.")
        elif not found:
            self.add_error(None, f"There is no {'kit' if with_kits else 'item'} to print a label for.")
        if len(found) > MOST_LABELS:
            self.add_error(None, f"At most {MOST_LABELS} labels are printed at once; these are {len(found)}.")
        return found


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    stockroom = stockroom_for(visit)
    chosen = {name: request.GET[name][:200] for name in ("product", "tags", "sheet", "kits") if name in request.GET}
    return _page(request, LabelForm(stockroom, initial={"start": 1} | chosen))


def _page(request: HttpRequest, form: LabelForm) -> HttpResponse:
    context = {"form": form, "address": settings.SITE_URL, "stockroom": form.stockroom}
    return render(request, "hardware/stock/labels.html", context, status=422 if form.errors else 200)


@course_page(STAFF)
@require_safe
def pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The PDF, or the form again with what is wrong."""
    form = LabelForm(stockroom_for(visit), request.GET)
    if not form.is_valid():
        return _page(request, form)
    from hardware.inventory.labels.drawing import Label, pdf_of  # the PDF library is read only by who prints

    stockroom, sheet = form.stockroom, SHEETS[form.cleaned_data["sheet"]]
    labels = [
        Label(
            one.tag,
            label_address(stockroom, one.tag),
            one.product.name if isinstance(one, Item) else one.name,
            stockroom.name,
        )
        for one in form.cleaned_data["things"]
    ]
    response = HttpResponse(pdf_of(labels, sheet, form.cleaned_data["start"]), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{stockroom.slug}-labels.pdf"'
    return response


def label_address(stockroom: Stockroom, tag: str) -> str:
    return f"{settings.SITE_URL}{reverse('label', kwargs={'stockroom': stockroom.slug, 'tag': tag})}"
