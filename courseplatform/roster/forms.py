"""What comes in from the browser, parsed and refused in one place."""

import re
from typing import Any

from django import forms
from django.http import HttpRequest

from courseplatform.accounts.names import clean_name
from courseplatform.core.errors import AppError
from courseplatform.courses.models import Role
from courseplatform.roster.reading.people import IDENTIFIER

DOMAIN = re.compile(r"(?=.{1,120}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
WHY = forms.CharField(required=False, max_length=300)


class ImportForm(forms.Form):
    """A roster file, or its rows pasted, and the domain that makes addresses of logins."""

    text = forms.CharField(required=False, strip=False)
    mail_domain = forms.CharField(required=False, max_length=120)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST, request.FILES)
        self.upload = request.FILES.get("file")
        self.refused = getattr(request, "upload_refused", None)

    def clean_mail_domain(self) -> str:
        domain = str(self.cleaned_data["mail_domain"]).strip().lower().removeprefix("@")
        if domain and not DOMAIN.fullmatch(domain):
            raise forms.ValidationError("Write a domain as in andrew.cmu.edu, without a name before it.")
        return domain

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if isinstance(self.refused, AppError):
            raise forms.ValidationError(self.refused.message)
        if not self.upload and not cleaned.get("text", "").strip():
            raise forms.ValidationError("Choose a file, or paste the rows below, header included.")
        return cleaned

    def data_of(self, most: int) -> bytes:
        """The bytes of the file, at most one more than `most`; the file wins over what was pasted."""
        if self.upload:
            return bytes(self.upload.read(most + 1))
        return str(self.cleaned_data["text"]).encode("utf-8", "replace")

    @property
    def file_name(self) -> str:
        return str(self.upload.name or "") if self.upload else ""


class AddForm(forms.Form):
    name = forms.CharField(
        max_length=120, error_messages={"required": "Write the name as it shall stand in the lists."}
    )
    email = forms.EmailField(max_length=254, error_messages={"required": "Write the address: the person signs in with it."})  # fmt: skip
    role = forms.ChoiceField(choices=Role.choices, initial=Role.STUDENT)
    sections = forms.CharField(required=False, max_length=200)
    sis_id = forms.CharField(required=False, max_length=64)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_sections(self) -> list[str]:
        return section_names(self.cleaned_data["sections"])

    def clean_sis_id(self) -> str:
        sis_id = str(self.cleaned_data["sis_id"])
        if sis_id and not IDENTIFIER.fullmatch(sis_id):
            raise forms.ValidationError("An ID has letters, digits, dots and hyphens.")
        return sis_id


def section_names(text: str) -> list[str]:
    """Names between semicolons or commas, each at most 80 characters. Raises ValidationError."""
    names = [" ".join(part.split()) for part in re.split("[;,]", text) if part.strip()]
    if any(len(name) > 80 for name in names):
        raise forms.ValidationError("The name of a section has at most 80 characters.")
    return names


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    why = WHY


class SectionsForm(forms.Form):
    """The sections that are ticked, and new ones by name."""

    chosen = forms.TypedMultipleChoiceField(required=False, coerce=str)
    more = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any, names: list[str]) -> None:
        super().__init__(data)
        self.fields["chosen"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_more(self) -> list[str]:
        return section_names(self.cleaned_data["more"])

    @property
    def names(self) -> list[str]:
        return [*self.cleaned_data["chosen"], *self.cleaned_data["more"]]


class WhyForm(forms.Form):
    why = WHY
