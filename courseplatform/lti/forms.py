"""What an operator types about a platform."""

from typing import Any

from django import forms

from courseplatform.lti.addresses import is_safe
from courseplatform.lti.models import Platform

ADDRESSES = ("site_url", "auth_login_url", "auth_token_url", "key_set_url")
FIELDS = {
    "name": ("Name", "as people call it: Canvas"),
    "site_url": (
        "Address where people work in it",
        "https://canvas.example.edu; only this site may show our pages in a frame",
    ),
    "issuer": ("Issuer", "Canvas in the cloud: https://canvas.instructure.com, for every school"),
    "client_id": ("Client id", "Canvas: the number beside the developer key"),
    "auth_login_url": ("Address of its sign-in", "Canvas: https://sso.canvaslms.com/api/lti/authorize_redirect"),
    "auth_token_url": ("Address of its tokens", "Canvas: https://sso.canvaslms.com/login/oauth2/token"),
    "key_set_url": ("Address of its keys", "Canvas: https://sso.canvaslms.com/api/lti/security/jwks"),
    "auth_audience": ("Audience of its tokens", "only where the LMS names one besides"),
}


class PlatformForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Platform
        fields = (*FIELDS, "vouches_for_addresses")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name in ADDRESSES:
            if found.get(name) and not is_safe(found[name]):
                self.add_error(name, "An address of an LMS begins with https://.")
        return found

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields with their words, for the template."""
        return [{"field": self[name], "label": label, "note": note} for name, (label, note) in FIELDS.items()]
