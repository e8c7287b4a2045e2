"""Fields of forms that several rooms need: what a browser sends is whatever somebody wrote."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

YEARS = (2000, 2100)  # of anything that a course dates: a mistyped 0202 must not draw a calendar of two thousand years
DIGITS = 18  # of a key that a database still holds


def check_year(day: date) -> None:
    """Raises ValidationError (`odd_year`) for a day that no course has."""
    if not YEARS[0] <= day.year < YEARS[1]:
        raise forms.ValidationError(f"This day is in the year {day.year}. Check the year.", code="odd_year")


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
            label=label, help_text="In the course's zone.",
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            error_messages={"required": "Choose day and hour.", "invalid": "Write it as 2026-11-26 09:30."},
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


class JsonField(forms.JSONField):
    """JSON from a browser. Python refuses numbers of thousands of digits with an error that Django's field lets through."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
