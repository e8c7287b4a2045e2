from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from courseplatform.accounts.models import User, validate_zone
from courseplatform.accounts.names import clean_name

ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London", "Europe/Berlin",
         "Africa/Lagos", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "UTC")  # fmt: skip


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and time zone. Any IANA name is taken; the list only helps to type."""

    zone = forms.CharField(required=False, label=_("Time zone"), validators=[validate_zone])

    class Meta:
        model = User
        fields = ("name", "zone")
        error_messages: ClassVar = {"name": {"required": _("Write your name: it stands in the lists of your course.")}}

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])
