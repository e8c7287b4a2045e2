"""Django's own signals of signing in and out: every way passes them, allauth's, the invitation's and the click of the demo."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from courseplatform.accounts.models import SignedIn, User
from courseplatform.accounts.sessions import session_begin


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.signed_out")


def _signed_in(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None and isinstance(user, User):
        session_begin(request=request, person=user)


def _signed_out(sender: Any, request: HttpRequest | None, **_: Any) -> None:
    if request is not None and request.session.session_key:
        SignedIn.objects.filter(session_key=request.session.session_key).delete()
