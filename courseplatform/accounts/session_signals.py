"""Django's own signals of signing in and out: every way passes them, allauth's, the invitation's and the click of the demo.

And allauth's of passwords and second factors: each is told to the person whose account it is.
"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed, password_reset
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save
from django.http import HttpRequest

from courseplatform.accounts.known_browsers import browser_remember, is_known
from courseplatform.accounts.models import SecurityKind, SignedIn, User
from courseplatform.accounts.security.events import security_event
from courseplatform.accounts.session_facts import FACTS, facts_begin, facts_renew
from courseplatform.accounts.sessions import session_begin

WORDS = {
    Authenticator.Type.TOTP: "Codes of an authenticator app",
    Authenticator.Type.RECOVERY_CODES: "Recovery codes",
}


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.signed_out")
    password_changed.connect(_password, dispatch_uid="accounts.password_changed")
    password_reset.connect(_password, dispatch_uid="accounts.password_reset")
    post_save.connect(_factor_saved, sender=Authenticator, dispatch_uid="accounts.factor_saved")
    factors.authenticator_added.connect(_factor_added, dispatch_uid="accounts.factor_added")
    factors.authenticator_removed.connect(_factor_removed, dispatch_uid="accounts.factor_removed")
    factors.authenticator_reset.connect(_codes_made, dispatch_uid="accounts.codes_made")
    factors.authenticator_used.connect(_factor_used, dispatch_uid="accounts.factor_used")


def _signed_in(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None and isinstance(user, User):
        session_begin(request=request, person=user)
        facts = facts_renew(request, user)
        if get_authentication_records(request, user):  # by something that somebody else could have got hold of
            if facts["is_staff"] and not is_known(request, user.email):
                security_event(person=user, kind=SecurityKind.NEW_BROWSER)
            browser_remember(request, user)


def _signed_out(sender: Any, request: HttpRequest | None, **_: Any) -> None:
    if request is not None and request.session.session_key:
        SignedIn.objects.filter(session_key=request.session.session_key).delete()


def _password(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    security_event(person=user, kind=SecurityKind.PASSWORD)


def _words(authenticator: Any) -> str:
    if authenticator.type == Authenticator.Type.WEBAUTHN:
        return f"Passkey: {authenticator.wrap().name}"
    return WORDS[authenticator.type]


def _factor_saved(sender: Any, instance: Any, created: bool, **_: Any) -> None:
    """In the transaction that adds it. Recovery codes come by themselves with the first factor, and are not told then."""
    if created and instance.type != Authenticator.Type.RECOVERY_CODES:
        security_event(person=instance.user, kind=SecurityKind.FACTOR_ADDED, says=_words(instance))


def _factor_added(sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    """Who has just added one has shown it: this session counts as proved by it."""
    facts = facts_begin(request, user)
    request.session[FACTS] = facts | {"is_proved": True}


def _factor_removed(sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        security_event(person=user, kind=SecurityKind.FACTOR_REMOVED, says=_words(authenticator))
    facts_begin(request, user)


def _codes_made(sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    security_event(person=user, kind=SecurityKind.CODES_MADE)


def _factor_used(
    sender: Any, request: HttpRequest, user: User, authenticator: Any, reauthenticated: bool = False, **_: Any
) -> None:  # fmt: skip
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        left = len(Authenticator.objects.get(pk=authenticator.pk).wrap().get_unused_codes())
        security_event(person=user, kind=SecurityKind.CODE_USED, says=f"{left} {'is' if left == 1 else 'are'} left.")
    if reauthenticated:
        facts_begin(request, user)
