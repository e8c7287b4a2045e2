"""The fields of which the forms of an assignment are made, and the way between a list of words and one line of text."""

import re
from typing import Any

from django import forms

from courseplatform.core.form_fields import NumberField, TypedNumber, TypedWhole, WholeField

SHORT = forms.TextInput(attrs={"autocomplete": "off"})


def line(label: str, help_text: str = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=required, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def lines(label: str, help_text: str = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, widget=forms.Textarea(attrs={"rows": rows})
    )


def whole(label: str, help_text: str = "", placeholder: str = "", *, least: int = 0) -> WholeField:
    return WholeField(
        label=label, help_text=help_text, required=False, min_value=least, max_value=1_000_000_000,
        widget=TypedWhole({"placeholder": placeholder}),
    )  # fmt: skip


def number(label: str, help_text: str = "", placeholder: str = "", *, required: bool = False) -> NumberField:
    return NumberField(
        label=label, help_text=help_text, required=required, widget=TypedNumber({"placeholder": placeholder})
    )  # fmt: skip


def tick(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


def choice(label: str, choices: Any, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, help_text=help_text, required=False)


def plain(value: Any) -> Any:
    """Whole numbers without a point, as the file writes them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def words_of(text: str) -> list[str]:
    """`a, b` or one a line: where there are several lines, a comma belongs to the word."""
    text = text.replace("\r\n", "\n").strip()
    parts = text.split("\n") if "\n" in text else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def text_of(words: list[Any]) -> str:
    return ("\n" if any("," in str(word) for word in words) else ", ").join(map(str, words))


def numbers_of(text: str) -> list[int | float]:
    """Raises ValidationError (`not_a_number`)."""
    found = re.split(r"[\s,×x]+", text.strip())
    try:
        numbers = [float(word) for word in found if word]
    except ValueError as error:
        raise not_a_number() from error
    if not all(abs(value) < 1e15 for value in numbers):  # also no number at all
        raise not_a_number()
    return [plain(value) for value in numbers]


def not_a_number() -> forms.ValidationError:
    return forms.ValidationError("Write numbers with commas between them.", code="not_a_number")
