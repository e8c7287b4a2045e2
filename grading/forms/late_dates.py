"""The form of an assignment's dates: when it opens and is due, how far its lateness reaches, and which attempt counts."""

from typing import Any

from django import forms

from courseplatform.core.form_fields import WholeField
from grading.course_file.assignment_item import wall_of
from grading.course_file.late.schema import MOST_UNITS
from grading.forms.late_days import CLOCK, DAY, wall_parts, wall_text
from grading.models.assignments import CLOSES, OPENS, ActiveRule, Assignment
from grading.services.late_settings import Dates

PLACES = {"released": "released_day", "due": "due_day", "cutoff": "cutoff_day"}  # where a refusal of the service stands


class DatesForm(forms.Form):
    released_day = forms.DateField(
        label="Opens on", required=False, widget=DAY, help_text="Empty: open from the start."
    )
    released_clock = forms.TimeField(
        label="Opens at", required=False, widget=CLOCK, help_text="Empty: no hour is stated; then 00:00 holds."
    )
    due_day = forms.DateField(
        label="Due on", required=False, widget=DAY, help_text="Empty: no due time; then nothing is late."
    )
    due_clock = forms.TimeField(
        label="Due at", required=False, widget=CLOCK, help_text="Empty: no hour is stated; then 23:59 holds."
    )
    no_late = forms.BooleanField(label="Nothing late is taken", required=False)
    cap_kind = forms.ChoiceField(
        label="Most late days of the bank", choices=[("policy", "what the policy says"), ("none", "as many as there are"), ("number", "so many:")]
    )  # fmt: skip
    cap = WholeField(label="So many of the bank", required=False, min_value=0, max_value=MOST_UNITS)
    cutoff_kind = forms.ChoiceField(
        label="After this nothing is taken", choices=[("none", "no cutoff"), ("at", "a day and hour:"), ("units", "so many late days:")]
    )  # fmt: skip
    cutoff_day = forms.DateField(label="Cutoff on", required=False, widget=DAY)
    cutoff_clock = forms.TimeField(label="Cutoff at", required=False, widget=CLOCK, help_text="Empty: 23:59.")
    cutoff_units = WholeField(label="So many late days", required=False, min_value=0, max_value=MOST_UNITS)
    active_rule = forms.ChoiceField(label="The attempt that counts", choices=ActiveRule.choices)

    def __init__(self, assignment: Assignment, data: Any = None) -> None:
        super().__init__(data, initial=_initial(assignment))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        needed = (
            ("cap_kind", "number", "cap"),
            ("cutoff_kind", "at", "cutoff_day"),
            ("cutoff_kind", "units", "cutoff_units"),
        )
        for kind, value, field in needed:
            if found.get(kind) == value and found.get(field) is None and field not in self.errors:
                self.add_error(field, forms.ValidationError("This is what was chosen; say it here.", code="missing"))
        return found

    def dates(self) -> Dates:
        data = self.cleaned_data
        return Dates(
            released=wall_text(data["released_day"], data["released_clock"]),
            due=wall_text(data["due_day"], data["due_clock"]),
            active_rule=data["active_rule"],
            late_rules=self._late_rules(),
        )

    def _late_rules(self) -> dict[str, Any]:
        """As the course file says them: what is left out holds its default."""
        data, found = self.cleaned_data, dict[str, Any]()
        if data["cap_kind"] != "policy":
            found["cap"] = data["cap"] if data["cap_kind"] == "number" else None
        if data["no_late"]:
            found["no_late"] = True
        if data["cutoff_kind"] == "at":
            found["cutoff"] = wall_text(data["cutoff_day"], data["cutoff_clock"])
        elif data["cutoff_kind"] == "units":
            found["cutoff"] = {"units": data["cutoff_units"]}
        return found

    def groups(self) -> list[dict[str, Any]]:
        parts = (
            ("When", ("released_day", "released_clock", "due_day", "due_clock")),
            ("How late it may be",
                ("no_late", "cap_kind", "cap", "cutoff_kind", "cutoff_units", "cutoff_day", "cutoff_clock"),
            ),
            ("Several attempts", ("active_rule",)),
        )  # fmt: skip
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in parts]


def _initial(row: Assignment) -> dict[str, Any]:
    rules = row.late_rules
    released = wall_parts(wall_of(row, row.released_wall, row.released_at, OPENS))
    due = wall_parts(wall_of(row, row.due_wall, row.due_at, CLOSES))
    cutoff = rules.get("cutoff")
    found = {
        "released_day": released[0], "released_clock": released[1], "due_day": due[0], "due_clock": due[1], "no_late": rules.get("no_late", False),
        "cap_kind": "policy" if "cap" not in rules else "none" if rules["cap"] is None else "number", "cap": rules.get("cap"),
        "cutoff_kind": "none" if cutoff is None else "at" if isinstance(cutoff, str) else "units", "active_rule": row.active_rule,
    }  # fmt: skip
    if isinstance(cutoff, str):
        found["cutoff_day"], found["cutoff_clock"] = wall_parts(cutoff)
    elif cutoff is not None:
        found["cutoff_units"] = cutoff["units"]
    return found
