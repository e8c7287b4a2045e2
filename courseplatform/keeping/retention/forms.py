"""How long each kind is kept, as a form: one field a kind."""

from typing import Any

from django import forms

from courseplatform.core.form_fields import WholeField
from courseplatform.courses.retention_kinds import KINDS
from courseplatform.keeping.retention.plan import Line


class PolicyForm(forms.Form):
    def __init__(self, lines: list[Line], data: Any = None) -> None:
        super().__init__(data)
        for line in lines:
            kind = line.kind
            self.fields[kind.key] = WholeField(
                label=f"Days that {kind.title.lower()} are kept", min_value=kind.least, max_value=kind.most, initial=line.days,
            )  # fmt: skip

    def days(self) -> dict[str, int]:
        return {key: self.cleaned_data[key] for key in KINDS}
