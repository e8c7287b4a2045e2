"""How allauth behaves here: accounts are made by course staff, nobody signs up by themselves."""

from typing import Any, ClassVar, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from courseplatform.accounts.known_browsers import is_known
from courseplatform.accounts.models import User
from courseplatform.accounts.reauthentication import signed_in_lately
from courseplatform.accounts.sessions import sessions_forget
from courseplatform.accounts.single_sign_on.errors import SignInRefused
from courseplatform.core.errors import Forbidden


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "E-mail address or password is wrong. Check both, or choose a new password by e-mail."
        ),
        "too_many_login_attempts": _(
            "Too many tries. Wait five minutes and try again; with a new password by e-mail it works at once."
        ),
        "enter_current_password": _("This is not your current password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages only: allauth's JSON form of them is not offered."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where `next` may lead: this site, under the name it was asked by. allauth would take every allowed host."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def get_login_stages(self) -> list[str]:
        return ["courseplatform.accounts.second_factor.stage.FactorStage"]

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Whichever way somebody comes in by. Raises SignInRefused: `sso_only`, `account_inactive`, `demo_account`."""
        records = get_authentication_records(request, user)
        is_outside = bool(records) and records[-1].get("method") == "socialaccount"
        if settings.SSO_ONLY and not is_outside and not user.is_operator:
            message = (
                "On this site everybody but its operators signs in through the university. Use the button for that."
            )
            raise SignInRefused(message, code="sso_only")
        refuse_demo(user)
        return super().pre_login(request, user, **kwargs)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> NoReturn:
        raise SignInRefused("This account is switched off. Ask an operator of this site.", code="account_inactive")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in has just said who they are."""
        return not signed_in_lately(self.request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong passwords are counted apart for browsers in which the account was signed in before: nobody is locked out by others' tries."""
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:known" if is_known(request, str(credentials.get("email", ""))) else key

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:profile")

    def set_password(self, user: User, password: str) -> None:
        """Every page that writes a password ends here. Other browsers are signed out by the new password itself."""
        refuse_demo(user)
        super().set_password(user, password)
        sessions_forget(person=user, but=self.request.session.session_key)

    def forget_failed_tries(self, user: User) -> None:
        """Whoever has just proved to own the address need not wait because of the tries before."""
        self._delete_login_attempts_cached_email(self.request, email=user.email)


def refuse_demo(user: User) -> None:
    if user.is_demo:
        raise Forbidden("Accounts of the demonstration have no password: one click signs in.", code="demo_account")
