"""The form of a power reading: one of three ways to say the charge, of which the meter's file is shown before it counts."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core import signing

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.form_fields import ExactField, WallField
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from grading.energy.amounts import CENT, Amount, amount_of
from grading.energy.meter_file import MOST_BYTES, Metered, metered
from grading.services.power_readings import ReadingFacts

SALT, KEPT_S = "power-reading-file", 24 * 3600
MIB = f"{MOST_BYTES >> 20} MiB"


def _line(label: str, most: int, *, required: bool = False, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, required=required, help_text=help_text, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what was run.", "max_length": "At most %(limit_value)d characters; this has %(show_value)d."},
    )  # fmt: skip


def _decimal(label: str) -> ExactField:
    return ExactField(
        label=label, required=False, max_digits=12, decimal_places=3,
        error_messages={"invalid": "Write a number.", "max_decimal_places": "At most 3 digits after the point.", "max_digits": "This is no charge of a board."},
    )  # fmt: skip


class ReadingForm(forms.Form):
    """amount: what the form comes to, once it is valid. preview: what a file came to that was sent just now, to be looked at first.

    token: that file's numbers, signed, so that the second step needs no file and nobody writes others into it.
    """

    at = WallField("When the run began")
    label = _line("What was run", 80, required=True, help_text="As you would call it in a report: last layer, batch 8.")
    used_mah = _decimal("mAh")
    mean_ma = _decimal("Mean current, mA")
    minutes = _decimal("Minutes")
    file = forms.FileField(
        label="CSV of a USB meter", required=False, help_text=f"Columns with the time and the current; their heads name the units. At most {MIB}.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}), error_messages={"empty": "The file is empty."},
    )  # fmt: skip
    board = _line("Board", 80)
    meter = _line("Meter", 80, help_text="Its name or inventory number.")
    note = _line("Note", 300)
    reason = _line("Reason", 300, help_text="Only after the stage is closed to the team. The team reads it.")
    entry_key = forms.UUIDField(widget=forms.HiddenInput)
    token = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, visit: Visit, team: Team, now: datetime, meter: str = "", **kwargs: Any) -> None:
        usual = {"at": now, "board": team.board_choice, "meter": meter, "entry_key": uuid4()}
        super().__init__(*args, **kwargs | {"initial": usual})
        self.team = team
        self.amount: Amount | None = None
        self.preview: Metered | None = None
        when = self.fields["at"]
        assert isinstance(when, WallField)
        when.zone = visit.course.tz
        if not visit.is_staff:
            del self.fields["reason"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"used_mah", "mean_ma", "minutes", "file"} & set(self.errors):
            return data
        try:
            held = self._sent(data) if data.get("file") else self._kept(data.get("token", ""))
            typed = {key: data.get(key) for key in ("used_mah", "mean_ma", "minutes")}
            if held is not None:
                typed["minutes"] = None  # the file says it
            self.amount = amount_of(**typed, metered=held)
        except BadInput as error:
            self.refuse(error)
        return data

    def refuse(self, error: AppError) -> None:
        """Under the field that the refusal names; nothing typed is lost."""
        field = str(error.details.get("field", ""))
        self.add_error(field if field in self.fields else None, forms.ValidationError(error.message, code=error.code))

    def facts(self) -> ReadingFacts:
        assert self.amount is not None
        data = self.cleaned_data
        return ReadingFacts(
            data["at"], data["label"], self.amount, data["board"], data["meter"], data["note"], data.get("reason", "")
        )

    @property
    def token_now(self) -> str:
        """What the next step sends instead of the file; empty where none was sent."""
        if self.amount is None or not self.amount.sha256:
            return ""
        said = asdict(self.amount) | {key: str(getattr(self.amount, key)) for key in ("used_mah", "minutes", "mean_ma")}
        return signing.dumps({"team": self.team.pk, "amount": said}, salt=SALT, compress=True)

    def _sent(self, data: dict[str, Any]) -> Amount:
        file = data["file"]
        found = metered(file.read(MOST_BYTES + 1))
        self.preview = found
        return Amount(
            found.used_mah, "meter_file", Decimal(repr(found.seconds / 60)).quantize(CENT), Decimal(repr(found.mean_ma)).quantize(CENT),
            found.sha256, found.rows, tuple((round(s, 2), round(ma, 2)) for s, ma in found.trace),
        )  # fmt: skip

    def _kept(self, token: str) -> Amount | None:
        if not token:
            return None
        try:
            said = signing.loads(token, salt=SALT, max_age=KEPT_S)
        except signing.BadSignature as error:
            raise BadInput(
                "The file is no longer known here. Choose it again.", code="file_forgotten", details={"field": "file"}
            ) from error
        if said["team"] != self.team.pk:
            raise BadInput(
                "The file was sent for another team. Choose it again.", code="file_forgotten", details={"field": "file"}
            )
        facts = said["amount"] | {key: Decimal(said["amount"][key]) for key in ("used_mah", "minutes", "mean_ma")}
        return Amount(**facts | {"trace": tuple(tuple(point) for point in facts["trace"])})


class TakeBackForm(forms.Form):
    reason = forms.CharField(
        label="Why it is taken back", max_length=300, help_text="It stands in the list of readings with your name.",
        error_messages={"required": "Say why it is taken back.", "max_length": "At most %(limit_value)d characters; this has %(show_value)d."},
    )  # fmt: skip
