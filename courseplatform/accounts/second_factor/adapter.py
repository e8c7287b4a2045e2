"""How allauth.mfa behaves here: secrets lie sealed, drawings are ours, a passkey is called by the browser that made it."""

import base64
import io
from hashlib import sha256
from typing import Any

import segno
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseplatform.accounts.browsers import browser_words
from courseplatform.core.errors import Unavailable


def _seal() -> MultiFernet:
    """Follows from SECRET_KEY: a copy of the table alone opens nothing. With SECRET_KEY_FALLBACKS the secret can be turned over."""
    secrets = [str(one) for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    keys = [sha256(b"milliamp second factors\x00" + secret.encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This is not right, or was used already. Wait for the next code, or try another way."),
    }

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unavailable (`factor_sealed`): it was sealed with another SECRET_KEY."""
        try:
            return _seal().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            message = gettext(
                "Your codes cannot be checked, because this site's SECRET_KEY was changed. An operator resets your second factor."
            )
            raise Unavailable(message, code="factor_sealed") from error

    def build_totp_svg(self, url: str) -> str:
        sink = io.BytesIO()
        segno.make(url, error="m", micro=False).save(sink, kind="svg", scale=5, border=3, light="#fff", xmldecl=False)
        return sink.getvalue().decode()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 allauth's name
        return browser_words(context.request.META.get("HTTP_USER_AGENT", ""))
