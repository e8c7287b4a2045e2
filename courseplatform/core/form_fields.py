"""Fields of forms that several rooms need: what a browser sends is whatever somebody wrote."""

from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseplatform.core.typed_numbers import TwoWays, point_form

YEARS = (2000, 2100)  # of anything that a course dates: a mistyped 0202 must not draw a calendar of two thousand years
DIGITS = 18  # of a key that a database still holds


def check_year(day: date) -> None:
    """Raises ValidationError (`odd_year`) for a day that no course has."""
    if not YEARS[0] <= day.year < YEARS[1]:
        raise forms.ValidationError(
            _("This day is in the year %(year)s. Check the year."), code="odd_year", params={"year": day.year}
        )


class DayField(forms.DateField):
    """A day of our time."""

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None:
            check_year(day)
        return day


class ManyChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Several rows. A number that is too large to be a key is none of them; Django would ask SQLite, which cannot hold it."""

    def clean(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = [key if len(str(key)) <= DIGITS else "none" for key in value]
        return super().clean(value)


class WallField(forms.DateTimeField):
    """A wall time of the course, whatever zone the reader's pages are in; its form sets `zone`."""

    zone = ZoneInfo("UTC")

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label, help_text=_("In the course's zone."),
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            error_messages={"required": _("Choose day and hour."), "invalid": _("Write it as 2026-11-26 09:30.")},
        )  # fmt: skip

    def to_python(self, value: Any) -> Any:
        with timezone.override(self.zone):
            found = super().to_python(value)
        if found is not None:
            check_year(found)
        return found

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)


class TypedNumber(forms.TextInput):
    """A number is typed as text: Chromium's number field takes no comma and makes 25 of 2,5 without a word."""

    keys = "decimal"  # what a phone shows

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": self.keys, "autocomplete": "off"} | (attrs or {}))


class TypedWhole(TypedNumber):
    keys = "numeric"


def _with_point(value: Any) -> Any:
    try:
        return point_form(value) if isinstance(value, str) else value
    except TwoWays as error:
        raise forms.ValidationError(str(error), code="two_ways") from error


class NumberField(forms.FloatField):
    """A number with the reader's decimal sign (core/typed_numbers.py)."""

    widget = TypedNumber
    default_error_messages: ClassVar = {"invalid": _("Write a number, like 2.5.")}

    def to_python(self, value: Any) -> Any:
        return super().to_python(_with_point(value))


class ExactField(forms.DecimalField):
    """The same, kept to the last digit."""

    widget = TypedNumber
    default_error_messages: ClassVar = {"invalid": _("Write a number, like 2.5.")}

    def to_python(self, value: Any) -> Any:
        return super().to_python(_with_point(value))


class WholeField(forms.IntegerField):
    """A whole number; 2,5 and 2.5 are told so."""

    widget = TypedWhole
    default_error_messages: ClassVar = {"invalid": _("Write a whole number, like 2.")}


class JsonField(forms.JSONField):
    """JSON from a browser. Python refuses numbers of thousands of digits with an error that Django's field lets through."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
