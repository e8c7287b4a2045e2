"""The form of a kit. Its parts are gathered one by one, by scanning or by choosing, before anything is written: they travel in the form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from courseplatform.core.errors import BadInput
from hardware.inventory.services.kits import MOST_OF_ONE, MOST_PARTS, Part
from hardware.inventory.stock import rules
from hardware.inventory.stock.forms import RuleField, line
from hardware.inventory.stock.scanning import read_code
from hardware.models import Item, KitSlot, Product, Stockroom

PRODUCT = "product:"


class KitForm(forms.Form):
    tag = forms.CharField(
        max_length=60, label="Tag of the kit", error_messages={"required": "Write a tag, or a pattern with a range."},
        help_text="One tag, KIT-07, or a range in brackets for many that are alike: KIT-[01-10].",
    )  # fmt: skip
    name = line(80, required=True, label="Name", error_messages={"required": "Write what people call it: Vision kit."})
    note = line(500, label="Note", widget=forms.Textarea(attrs={"rows": 2}), help_text="Who borrows it reads it.")

    def __init__(self, *args: Any, with_tag: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not with_tag:
            del self.fields["tag"]

    def clean_tag(self) -> list[str]:
        try:
            return rules.tags_of(self.cleaned_data["tag"])
        except BadInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error


class PartForm(forms.Form):
    """One more part: a tag, several, a pattern or what a label says; or so many of a product."""

    code = forms.CharField(
        required=False, max_length=2000, label="Scan or type tags",
        help_text="A part that is always the same: PI-07. A range, PI-[01-10], gives one to each of so many kits.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    product = forms.ModelChoiceField(queryset=Product.objects.none(), required=False, empty_label="none", label="Or any of a product")  # fmt: skip
    number = RuleField(rules.count_of, label="How many", initial=1, widget=forms.TextInput(attrs={"inputmode": "numeric"}))  # fmt: skip

    def __init__(self, *args: Any, stockroom: Stockroom, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["product"].queryset = Product.objects.filter(stockroom=stockroom, is_archived=False)  # type: ignore[attr-defined]


@dataclass
class Row:
    """A part as the form carries it. value: a tag, a pattern, or `product:` and its key. words: what it is."""

    value: str
    tags: list[str]
    product: Product | None
    count: int
    words: str = ""


class Rows:
    """The parts gathered so far. What a form sends that is none of them is left out."""

    def __init__(self, stockroom: Stockroom) -> None:
        self.stockroom = stockroom
        self.rows: list[Row] = []

    @classmethod
    def of_slots(cls, stockroom: Stockroom, slots: Sequence[KitSlot]) -> "Rows":
        made = cls(stockroom)
        made.rows = [
            Row(slot.item.tag, [slot.item.tag], None, 1, slot.item.product.name) if slot.item else made._of_product(slot.product, slot.count)
            for slot in slots if slot.item or slot.product
        ]  # fmt: skip
        return made

    @classmethod
    def of_form(cls, stockroom: Stockroom, sent: QueryDict) -> "Rows":
        """Raises BadInput (`bad_count`)."""
        made, drop = cls(stockroom), sent.get("drop", "")
        for value in [one for one in sent.getlist("part")[: MOST_PARTS + 1] if one != drop]:
            if value.startswith(PRODUCT):
                product = made._product(value.removeprefix(PRODUCT))
                if product is not None:
                    count = rules.count_of(sent.get(f"count-{product.pk}", "")) or 0
                    made.rows.append(made._of_product(product, count))
            else:
                made.add_tags(value, check=False)
        made.describe()
        return made

    def _product(self, key: str) -> Product | None:
        is_key = key.isascii() and key.isdecimal() and len(key) < 19
        return Product.objects.filter(stockroom=self.stockroom, pk=int(key)).first() if is_key else None

    def _of_product(self, product: Product | None, count: int) -> Row:
        assert product is not None
        return Row(f"{PRODUCT}{product.pk}", [], product, count, product.name)

    def add_tags(self, text: str, *, check: bool = True) -> None:
        """Raises BadInput: as `read_code` and `rules.tags_of`, `unknown_tag`, `twice`."""
        words = text.replace(",", " ").split()
        values = [word.upper() if "[" in word else read_code(word, self.stockroom.slug) for word in words]
        rows = [Row(value, rules.tags_of(value), None, 1) for value in values]
        tags = [tag for row in rows for tag in row.tags]
        if check:
            found = set(Item.objects.filter(stockroom=self.stockroom, tag__in=tags).values_list("tag", flat=True))
            missing = [tag for tag in tags if tag not in found]
            if missing:
                raise BadInput(f"No item here has the tag {', '.join(missing[:8])}.", code="unknown_tag")
            here = {tag for row in self.rows for tag in row.tags}
            if twice := [tag for tag in tags if tag in here]:
                raise BadInput(f"{', '.join(twice[:8])} stands below already.", code="twice")
        self.rows += rows

    def add_product(self, product: Product, number: int) -> None:
        """Raises BadInput (`bad_count`)."""
        if not 1 <= number <= MOST_OF_ONE:
            raise BadInput(f"A kit has 1 to {MOST_OF_ONE} of a product.", code="bad_count")
        same = next((row for row in self.rows if row.product == product), None)
        if same is None:
            self.rows.append(self._of_product(product, number))
        else:
            same.count += number

    def describe(self) -> None:
        """What the items behind the tags are: one query."""
        tags = [tag for row in self.rows for tag in row.tags]
        names = dict(Item.objects.filter(stockroom=self.stockroom, tag__in=tags).values_list("tag", "product__name"))
        for row in self.rows:
            if row.tags:
                kinds = sorted({names.get(tag, "unknown") for tag in row.tags})
                row.words = f"{f'{len(row.tags)} x ' if len(row.tags) > 1 else ''}{', '.join(kinds)}"

    def parts(self, kits: int) -> list[Part]:
        """For so many kits: a range gives one to each; for a single kit it is so many parts of it."""
        found: list[Part] = []
        for row in self.rows:
            if row.product is not None:
                found.append(Part(product=row.product.pk, count=row.count))
            else:
                found += [Part(tags=tuple(row.tags))] if kits > 1 else [Part(tags=(tag,)) for tag in row.tags]
        return found
