"""The operators' page of one account: how its owner gets in, what happened to it, and what to do for somebody who cannot."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.models import User
from courseplatform.accounts.reauthentication import fresh
from courseplatform.accounts.second_factor.gate import factor_gate
from courseplatform.accounts.security.events import events_of
from courseplatform.accounts.security.recovering import account_of, address_change, factors_reset, identity_release
from courseplatform.core.audience import Audience, declare, signed_in
from courseplatform.core.errors import AppError, BadInput, Forbidden


def _people(request: HttpRequest) -> HttpResponseBase:
    """Found by the whole address: operators see no list of people."""
    assert isinstance(request.user, User)
    if not request.user.is_operator:
        raise Forbidden("Only operators of the site see this page.", code="operators_only")
    return factor_gate(request) or _page(request, request.user)


def _page(request: HttpRequest, operator: User) -> HttpResponseBase:
    asked = str((request.POST if request.method == "POST" else request.GET).get("email", ""))
    try:
        person = account_of(asked) if asked.strip() else None
        if request.method == "POST":
            if person is None:
                raise BadInput("Name the address of the account.", code="no_address")
            return _act(request, operator, person)
    except AppError as error:
        return _show(request, None if error.http_status == 404 else person, asked, error)
    return _show(request, person, asked, None)


def _act(request: HttpRequest, operator: User, person: User) -> HttpResponse:
    """Raises BadInput, and what the services raise."""
    act, why, by = request.POST.get("act", ""), request.POST.get("why", ""), operator.email
    if act == "factors":
        factors_reset(person=person, by=by, why=why)
        messages.success(request, f"{person.email} has no second factor any more, and got a mail.")
    elif act == "address":
        person = address_change(person=person, email=request.POST.get("new_email", ""), by=by, why=why)
        messages.success(request, f"The address is now {person.email}. Both addresses got a mail.")
    elif act == "identity" and (pk := request.POST.get("identity", "")).isdecimal() and len(pk) < 19:
        identity_release(person=person, identity=int(pk), by=by, why=why)
        messages.success(request, "The single sign-on is disconnected.")
    else:
        raise BadInput("Choose what to do.", code="unknown_choice")
    return HttpResponseRedirect(f"{reverse('accounts:people')}?{urlencode({'email': person.email})}")


def _show(request: HttpRequest, person: User | None, asked: str, error: AppError | None) -> HttpResponse:
    context: dict[str, Any] = {"person": person, "asked": asked, "error": error, "typed": request.POST}
    if person is not None:
        context |= {
            "factors": Authenticator.objects.filter(user=person).order_by("pk"),
            "identities": person.outside_identities.all(),
            "events": events_of(person),
        }
    return render(request, "accounts/people.html", context, status=error.http_status if error else 200)


people = declare(signed_in(require_http_methods(["GET", "HEAD", "POST"])(fresh(_people))), Audience.OPERATORS)
