"""allauth's forms for a new password, for the people here: an address is that of the account, demo accounts have none."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm, ResetPasswordKeyForm, UserTokenForm
from django.conf import settings

from courseplatform.accounts.models import User


class AskForm(ResetPasswordForm):  # type: ignore[misc]
    """Whose address it is gets a mail; for everybody else the page says the same and nothing happens."""

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        found = User.objects.filter(email=email, is_active=True, is_demo=False)
        self.users = list(found.filter(is_operator=True) if settings.SSO_ONLY else found)
        return email


class LinkForm(UserTokenForm):  # type: ignore[misc]
    """The link of the mail, as long as the account may still be used."""

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.reset_user.is_demo or not self.reset_user.is_active:
            raise get_adapter().validation_error("invalid_password_reset")
        return cleaned


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    def save(self) -> None:
        super().save()
        get_adapter().forget_failed_tries(self.user)
