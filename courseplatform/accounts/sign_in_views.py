"""Coming in and going out: password, passkey and the university's own sign-in, on one page."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from allauth.account.views import logout as allauth_logout
from allauth.core.internal import ratelimit
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.mfa.webauthn.views import login_webauthn
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.accounts.models import User
from courseplatform.accounts.session_facts import ENDED, FACTS
from courseplatform.accounts.single_sign_on.arriving import Asserted, person_arrive
from courseplatform.accounts.single_sign_on.errors import SignInRefused
from courseplatform.core.audience import public
from courseplatform.core.errors import AppError, NotHere, TooMany


class SignIn(LoginView):  # type: ignore[misc]
    """allauth's page with every way in that this site has."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        request, found = self.request, super().get_context_data(**kwargs)
        is_asked_for = request.method == "POST" or "password" in request.GET
        return dict(found) | {
            "oidc": settings.OIDC,
            "saml": settings.SAML,
            "has_password": not settings.SSO_ONLY or is_asked_for,
            "ended": request.session.pop(ENDED, ""),
        }


sign_in = public(SignIn.as_view())


@public
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """allauth's page. Whom the university has signed in is told that it may still know them in this browser."""
    outside = request.session.get(FACTS, {}).get("outside", "") if request.method == "POST" else ""
    answer: HttpResponseBase = allauth_logout(request)
    return redirect("accounts:signed_out") if outside and settings.OIDC else answer


@public
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    if not settings.OIDC:
        raise NotHere("There is no such page.")
    return render(request, "account/signed_out.html", {"oidc": settings.OIDC})


@public
@require_safe
def sso_end(request: HttpRequest) -> HttpResponseBase:
    """On to the provider, which ends its own session."""
    from courseplatform.accounts.single_sign_on.oidc import oidc_end_url

    url = oidc_end_url(request) if settings.OIDC else ""
    if not url:
        raise NotHere("The other sign-in offers no way to end its session from here. Close the browser instead.")
    return HttpResponseRedirect(url)


@public
@never_cache
@require_safe
def sso_begin(request: HttpRequest) -> HttpResponseBase:
    """A link and no form: what a form may be sent to (form-action) would hold for every page on the way at the provider."""
    if not settings.OIDC:
        raise NotHere("There is no such sign-in here.")
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    try:
        slow_down(request)
        from courseplatform.accounts.single_sign_on.oidc import oidc_begin

        return oidc_begin(request, safe_next(request, default=""))
    except AppError as error:
        return refused(request, error)


@public
@never_cache
@require_safe
def sso_back(request: HttpRequest) -> HttpResponseBase:
    """Where the provider sends the browser."""
    if not settings.OIDC:
        raise NotHere("There is no such sign-in here.")
    try:
        slow_down(request)
        from courseplatform.accounts.single_sign_on.oidc import oidc_take

        said, next_url = oidc_take(request)
        return come_in(request, said, next_url)
    except AppError as error:
        return refused(request, error)


def come_in(request: HttpRequest, said: Asserted, next_url: str) -> HttpResponseBase:
    """Sign in whom a provider has named. Raises SignInRefused (`other_account`, and as `person_arrive`)."""
    person = person_arrive(said=said)
    if isinstance(request.user, User):
        if request.user.pk == person.pk:
            return HttpResponseRedirect(next_url or reverse("front"))
        message = f"You are signed in as {request.user.email}, and {said.label} speaks of {person.email}. Sign out first, then begin again."
        raise SignInRefused(message, code="other_account")
    record_authentication(
        request, person, "socialaccount", provider=said.label, uid=said.subject, strong=said.is_strong
    )  # fmt: skip
    answer: HttpResponseBase = perform_login(
        request, person, email_verification="none", redirect_url=next_url or reverse("front")
    )
    return answer


def refused(request: HttpRequest, error: AppError) -> HttpResponse:
    """Nobody was signed in: why, and what to do."""
    context = {"error": error, "has_password": not settings.SSO_ONLY, "next": safe_next(request, default="")}
    return render(request, "account/not_signed_in.html", context, status=error.http_status)


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where `next` leads, if that is a page of ours."""
    asked = str(request.POST.get("next") or request.GET.get("next") or "")
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if asked and is_ours else default


def slow_down(request: HttpRequest) -> None:
    """Raises TooMany (`too_many_tries`)."""
    if not ratelimit.consume(request, app="allauth.account", action="single_sign_on", limit_get=True):
        raise TooMany(
            gettext("Too many tries in a short time. Wait one minute, then try again."), code="too_many_tries"
        )


@public
@never_cache
@require_http_methods(["GET", "POST"])
def passkey(request: HttpRequest) -> HttpResponseBase:
    """GET: what the browser asks its passkeys, as JSON. POST: what one of them has signed."""
    if request.method == "GET":
        if not ratelimit.consume(request, app="allauth.account", action="login", limit_get=True):
            raise TooMany(
                gettext("Too many tries in a short time. Wait one minute, then try again."), code="too_many_tries"
            )
        return JsonResponse({"publicKey": dict(begin_authentication(None))["publicKey"]})
    return cast("HttpResponseBase", login_webauthn(request))


def ways_of(user: Any) -> list[dict[str, str]]:
    """How somebody may say once more who they are: those of allauth, a password last."""
    found = get_adapter().get_reauthentication_methods(user)
    return sorted(found, key=lambda one: one["id"] == "reauthenticate")
