from django import forms

from courseplatform.accounts.models import User, validate_zone

ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London", "Europe/Berlin",
         "Africa/Lagos", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "UTC")  # fmt: skip


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and time zone. Any IANA name is taken; the list only helps to type."""

    zone = forms.CharField(required=False, max_length=64, label="Time zone", validators=[validate_zone])

    class Meta:
        model = User
        fields = ("name", "zone")
