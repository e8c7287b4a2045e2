"""The forms of the stock. What a value may be is said once, in rules.py; a file and a form are refused in the same words."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.form_fields import DayField
from hardware.inventory.services.products import COUNT_ACTS
from hardware.inventory.stock import rules
from hardware.models import Condition, Item, Kind, Product, Stockroom

COUNT_WORDS = {"bought": "Bought", "back": "Came back", "given": "Given away", "lost": "Lost or broken", "counted": "Counted: so many are there"}  # fmt: skip


class RuleField(forms.CharField):
    """Text that a rule of the stock reads; its refusal stands beside the field."""

    def __init__(self, reader: Callable[[str], Any], **more: Any) -> None:
        self.reader = reader
        super().__init__(**({"required": False} | more))

    def clean(self, value: Any) -> Any:
        text = super().clean(value) or ""
        try:
            return self.reader(text)
        except BadInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error


def line(most: int, **more: Any) -> RuleField:
    return RuleField(lambda text: rules.text_of(text, most), max_length=most, **more)


def day(label: str) -> DayField:
    return DayField(required=False, label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))


class ProductForm(forms.Form):
    name = line(80, required=True, label="Name", error_messages={"required": "Write what it is called: Raspberry Pi 4, 8 GB."})  # fmt: skip
    kind = forms.ChoiceField(choices=Kind.choices, label="Kind")
    maker = line(80, label="Maker")
    device = forms.ChoiceField(required=False, label="Device profile", help_text="For boards: what models are predicted with.")  # fmt: skip
    sheet_url = RuleField(rules.url_of, label="Data sheet", widget=forms.URLInput(attrs={"placeholder": "https://"}))
    note = line(500, label="Note", widget=forms.Textarea(attrs={"rows": 3}), help_text="Everybody in the course reads it.")  # fmt: skip
    is_counted = forms.BooleanField(
        required=False,
        label="Only counted: its pieces have no tags",
        help_text="For cables, cards and other things that are given away by number.",
    )
    low_at = RuleField(
        rules.count_of,
        label="Low at",
        help_text="With so many left, or fewer, the page says so.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, devices: dict[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["device"].choices = [("", "none"), *devices.items()]  # type: ignore[attr-defined]


class FactsForm(forms.Form):
    """What items of one kind have in common when they are bought."""

    place = line(80, label="Place", help_text="Shelf, cupboard or room.")
    condition = forms.ChoiceField(choices=Condition.choices, initial=Condition.GOOD, label="Condition")
    value = RuleField(rules.value_of, label="Value of one", widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    currency = RuleField(rules.currency_of, label="Currency", widget=forms.TextInput(attrs={"placeholder": "USD"}))
    bought_on = day("Bought on")
    warranty_until = day("Warranty until")
    note = line(500, label="Note", widget=forms.Textarea(attrs={"rows": 2}), help_text="Only the staff read it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("value") is not None and not cleaned.get("currency") and "currency" not in self.errors:
            self.add_error("currency", "Name the currency of the value: USD.")
        return cleaned


class ProductChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A product of this stockroom that has items. A number too large to be a key is none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(queryset=Product.objects.none(), label="What it is", empty_label=None, **more)

    def to_python(self, value: Any) -> Any:
        return super().to_python(value if len(str(value or "")) < 19 else "none")


class NewItemsForm(FactsForm):
    product = ProductChoice()
    tags = forms.CharField(
        label="Tags",
        max_length=60,
        help_text="One tag, PI-07, or a range in brackets: PI-[01-30].",
        error_messages={"required": "Write a tag, or a pattern with a range."},
    )
    serials = forms.CharField(
        required=False, label="Serial numbers", widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}), max_length=40_000,
        help_text="One a line, in the order of the tags; paste a column. Leave it empty where there are none.",
    )  # fmt: skip
    field_order = ("product", "tags", "serials")

    def __init__(self, *args: Any, stockroom: Stockroom, **more: Any) -> None:
        super().__init__(*args, **more)
        offered = Product.objects.filter(stockroom=stockroom, is_counted=False, is_archived=False)
        self.fields["product"].queryset = offered  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        try:
            return rules.tags_of(self.cleaned_data["tags"])
        except BadInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def clean_serials(self) -> list[str]:
        return [one.strip() for one in self.cleaned_data["serials"].splitlines() if one.strip()]


class ItemForm(FactsForm):
    product = ProductChoice()
    tag = RuleField(rules.tag_of, required=True, label="Tag", error_messages={"required": rules.TAG_RULE})
    serial = RuleField(rules.serial_of, label="Serial number")
    why = line(300, label="Why", help_text="Stands in the history.")
    field_order = ("product", "tag", "serial")

    def __init__(self, *args: Any, stockroom: Stockroom, **more: Any) -> None:
        super().__init__(*args, **more)
        now = self.initial.get("product")
        chosen = Q(is_archived=False) | Q(pk=now.pk if now else None)
        self.fields["product"].queryset = Product.objects.filter(chosen, stockroom=stockroom, is_counted=False)  # type: ignore[attr-defined]


class CountForm(forms.Form):
    act = forms.ChoiceField(choices=[(act, COUNT_WORDS[act]) for act in COUNT_ACTS], label="What happened")
    number = RuleField(
        rules.count_of,
        required=True,
        label="How many",
        error_messages={"required": "Write a number of pieces."},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    note = line(200, label="Note")
    key = forms.UUIDField(widget=forms.HiddenInput)


class MoveForm(forms.Form):
    to = forms.ChoiceField(choices=Item.Status.choices)
    why = line(300)


class StockroomForm(forms.Form):
    name = line(
        80,
        required=True,
        label="Name",
        help_text="As people in the course call it: 11-767 hardware.",
        error_messages={"required": "Write a name."},
    )
    slug = forms.CharField(
        max_length=24,
        label="Short name",
        help_text="Stands in the address on every label, so it stays: odml.",
        error_messages={"required": "Write a short name."},
    )


class FileForm(forms.Form):
    """A file of the stock, or its rows pasted."""

    text = forms.CharField(required=False, strip=False)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST, request.FILES)
        self.upload = request.FILES.get("file")
        self.refused = getattr(request, "upload_refused", None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if isinstance(self.refused, AppError):
            raise forms.ValidationError(self.refused.message)
        if not self.upload and not cleaned.get("text", "").strip():
            raise forms.ValidationError("Choose a file, or paste the rows below, column names included.")
        return cleaned

    def data_of(self, most: int) -> bytes:
        """At most one byte more than `most`; the file wins over what was pasted."""
        return bytes(self.upload.read(most + 1)) if self.upload else str(self.cleaned_data["text"]).encode("utf-8", "replace")  # fmt: skip

    @property
    def file_name(self) -> str:
        return str(self.upload.name or "") if self.upload else ""
