"""Dangerous acts ask once more who it is, unless that was said a quarter of an hour ago: an open laptop is not enough."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from courseplatform.accounts.models import User
from courseplatform.accounts.session_facts import facts_of


def signed_in_lately(request: HttpRequest) -> bool:
    """Demo accounts have nothing to ask for; what they may do is theirs to try."""
    facts = facts_of(request)
    return bool(facts["is_demo"]) or bool(time.time() - facts["at"] < app_settings.REAUTHENTICATION_TIMEOUT)


def fresh(view: Callable[..., HttpResponseBase], *, safe_too: bool = True) -> Callable[..., HttpResponseBase]:
    """Below `signed_in`. safe_too: off lets the page be looked at, and asks when its form is sent.

    Who has neither a password nor a factor here, because the university signs them in, is sent round there.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        assert isinstance(request.user, User)
        if (request.method in ("GET", "HEAD") and not safe_too) or signed_in_lately(request):
            return view(request, *args, **kwargs)
        if not get_adapter(request).get_reauthentication_methods(request.user):
            return render(request, "accounts/sign_in_again.html", {"back": request.get_full_path()}, status=403)
        if not did_recently_reauthenticate(request):
            raise ReauthenticationRequired()
        return view(request, *args, **kwargs)

    return wrapper


def fresh_to_send(view: Callable[..., HttpResponseBase]) -> Any:
    return fresh(view, safe_too=False)
