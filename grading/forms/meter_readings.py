"""The form of a meter that was read at a board: in one of three ways, and what is done with the charge of the load."""

from typing import Any
from uuid import uuid4

from django import forms

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.form_fields import NumberField
from grading.meters.arithmetic import WAYS
from grading.services.meter_readings import Entered

FIELDS = ("volts", "idle_ma", "loaded_ma", "idle_w", "loaded_w", "used_mah", "load_s")


def _number(label: str, help_text: str = "", *, required: bool = False) -> NumberField:
    return NumberField(
        label=label, required=required, help_text=help_text, error_messages={"invalid": "Write a number, like 5.1.", "required": "Write the voltage."},
    )  # fmt: skip


class MeterForm(forms.Form):
    volts = _number("Voltage, V", "As the meter shows it under load: 5.1.", required=True)
    idle_ma = _number("Idle, mA")
    loaded_ma = _number("Under load, mA")
    idle_w = _number("Idle, W")
    loaded_w = _number("Under load, W")
    used_mah = _number("Counted over the load, mAh")
    load_s = _number("The load lasted, s", "Needed with mAh, and for the budget of the project.")
    meter = forms.CharField(
        label="Meter", max_length=80, help_text="Its name or inventory number.", widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say which meter it was."},
    )  # fmt: skip
    note = forms.CharField(
        label="Note", max_length=300, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    in_budget = forms.BooleanField(
        label="Count the charge of this load in the energy of our project too", required=False
    )
    entry_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, has_budget: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"initial": {"entry_key": uuid4()}})
        if not has_budget:
            del self.fields["in_budget"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not set(FIELDS) & set(self.errors):
            try:
                data["way"] = self._way(data)
            except BadInput as error:
                self.refuse(error)
        return data

    def refuse(self, error: AppError) -> None:
        """Under the field that the refusal names; nothing typed is lost."""
        field = str(error.details.get("field", ""))
        self.add_error(field if field in self.fields else None, forms.ValidationError(error.message, code=error.code))

    def entered(self) -> Entered:
        data = self.cleaned_data
        typed = {name: data.get(name) for name in {*WAYS[data["way"]], "load_s"}}
        return Entered(data["way"], typed, data["meter"], data["note"], bool(data.get("in_budget")))

    def _way(self, data: dict[str, Any]) -> str:
        """Which of the three was filled in. Raises BadInput (`no_amount`, `two_amounts`)."""
        by_field = {"loaded_ma": "current", "loaded_w": "power", "used_mah": "charge"}
        given = [field for field in by_field if data.get(field) is not None]
        if len(given) == 1:
            return by_field[given[0]]
        code = "two_amounts" if given else "no_amount"
        said = (
            "Give the load in one way only."
            if given
            else "Say what the meter showed under load: mA, W, or mAh with seconds."
        )
        raise BadInput(said, code=code, details={"field": given[-1] if given else "loaded_ma"})


class WordForm(forms.Form):
    """The reason of a word on a reading."""

    reason = forms.CharField(max_length=300, required=False)
