"""The pages of one's second factors: allauth's views, for whoever has just said who they are."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.views import index as allauth_index
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.adapter import refuse_demo
from courseplatform.accounts.models import User
from courseplatform.accounts.reauthentication import fresh
from courseplatform.accounts.session_facts import FACTS, facts_begin, facts_of
from courseplatform.accounts.sign_in_views import safe_next
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import Conflict


def of_account(view: Callable[..., HttpResponseBase], *, asks: bool = True) -> Any:
    """A view of allauth's for an account with a sign-in of its own. asks: who it is is said once more before."""
    inner = fresh(view) if asks else view

    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        assert isinstance(request.user, User)
        refuse_demo(request.user)
        with transaction.atomic():  # the factor, and that its owner hears of it
            return inner(request, *args, **kwargs)

    return signed_in(wrapper)


def _index(request: HttpRequest) -> HttpResponseBase:
    """What there is; whoever was led here to show a factor, and has got one meanwhile, is led on."""
    assert isinstance(request.user, User)
    facts = facts_begin(request, request.user)
    if facts["has_factor"] and not facts["is_proved"] and "next" in request.GET:
        return HttpResponseRedirect(_prove_url(request))
    answer: HttpResponseBase = allauth_index(request)
    return answer


index = of_account(require_safe(_index), asks=False)


def _prove_url(request: HttpRequest) -> str:
    return f"{reverse('accounts:factor_prove')}?{urlencode({'next': safe_next(request)})}"


@signed_in
@require_safe
def prove(request: HttpRequest) -> HttpResponseBase:
    """To the page on which this session shows its factor. A passkey first, where there is one."""
    assert isinstance(request.user, User)
    facts = facts_of(request)
    if facts["is_proved"] or not facts["has_factor"]:
        return HttpResponseRedirect(safe_next(request))
    ways = {one["id"]: one["url"] for one in get_adapter(request).get_reauthentication_methods(request.user)}
    url = ways.get("mfa_reauthenticate:webauthn") or ways.get("mfa_reauthenticate")
    if url is None:
        raise Conflict("Your second factor is gone. Sign out, and sign in again.", code="no_factor")
    return HttpResponseRedirect(f"{url}?{urlencode({'next': safe_next(request)})}")


@signed_in
@require_POST
def later(request: HttpRequest) -> HttpResponseBase:
    """The reminder rests until the next sign-in."""
    request.session[FACTS] = facts_of(request) | {"is_later": True}
    return HttpResponseRedirect(safe_next(request))


@signed_in
@require_safe
def listed(request: HttpRequest) -> HttpResponseBase:
    """allauth leads here after a passkey was changed; all of them stand on one page."""
    return redirect("mfa_index")
