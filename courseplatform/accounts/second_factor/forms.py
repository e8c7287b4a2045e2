"""The code of an app or of the list. Each works once: allauth keeps that in the cache, which may be away, so it stands in the row too."""

import time
from hashlib import sha256
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.db import transaction

from courseplatform.core.form_fields import JsonField

REMEMBERED_S = 180  # longer than a code holds, with the tolerance


class _Once:
    """For a form of allauth's with `user` and, after `clean_code`, `authenticator`."""

    user: Any
    authenticator: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not _use_up(self.authenticator.pk, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


@transaction.atomic
def _use_up(authenticator: int, code: str) -> bool:
    """Whether this code was not used yet."""
    row = Authenticator.objects.select_for_update().get(pk=authenticator)
    now, mark = time.time(), sha256("".join(code.split()).encode()).hexdigest()[:16]
    used = {one: at for one, at in row.data.get("used", {}).items() if at > now - REMEMBERED_S}
    if mark in used:
        return False
    Authenticator.objects.filter(pk=row.pk).update(data=row.data | {"used": used | {mark: now}})
    return True


class CodeForm(_Once, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(_Once, ReauthenticateForm):  # type: ignore[misc]
    pass


class _Passkey(forms.Form):
    credential = JsonField(widget=forms.HiddenInput)


class PasskeyAddForm(_Passkey, AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""


class PasskeySignInForm(_Passkey, LoginWebAuthnForm):  # type: ignore[misc]
    """Signing in with a passkey alone."""


class PasskeyStepForm(_Passkey, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password."""


class PasskeyAgainForm(_Passkey, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey before a dangerous act."""
