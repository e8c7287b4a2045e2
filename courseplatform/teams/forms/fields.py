"""What comes in from the browser. Lists of people and teams are always those of the course that is visited."""

from datetime import date, datetime, time
from typing import Any

from django import forms

from courseplatform.core.errors import AppError
from courseplatform.core.form_fields import DayField, ManyChoice
from courseplatform.courses.models import Course


def day_field(label: str, *, required: bool = True, help_text: str = "") -> DayField:
    return DayField(
        label=label, required=required, help_text=help_text, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose a day.", "invalid": "Write the day as 2026-11-26."},
    )  # fmt: skip


def time_field(label: str, *, initial: time | None = None, help_text: str = "") -> forms.TimeField:
    return forms.TimeField(
        label=label, initial=initial, help_text=help_text, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "Write a time.", "invalid": "Write the time as 09:50."},
    )  # fmt: skip


def text_field(
    label: str, most: int, *, required: bool = True, help_text: str = "", rows: int = 0, missing: str = "", choices_id: str = ""
) -> forms.CharField:  # fmt: skip
    widget: forms.Widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    if choices_id:
        widget.attrs["list"] = choices_id
    return forms.CharField(
        label=label, max_length=most, required=required, help_text=help_text, widget=widget,
        error_messages={"required": missing or "This cannot be empty.", "max_length": "At most %(limit_value)d characters; this has %(show_value)d."},
    )  # fmt: skip


class PersonChoice(ManyChoice):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)  # never the address


class OnePerson(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def add_refusal(form: forms.Form, error: AppError) -> None:
    """A refusal of a service, under the field that it names; nothing typed is lost."""
    field = str(error.details.get("field", ""))
    form.add_error(field if field in form.fields else None, forms.ValidationError(error.message, code=error.code))


def instant_of(day: date | None, course: Course, now: datetime) -> datetime:
    """A day means its 00:00 in the course's zone; none means now."""
    return now if day is None else course.wall(day, time(0))
