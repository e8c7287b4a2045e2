"""OpenID Connect by allauth, for the one provider that the settings name: its code flow with state and PKCE; checks that it leaves out are added.

Whom the token opens an account for is decided in `arriving`; allauth's own tables of accounts outside stay empty.
"""

import secrets
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from courseplatform.accounts.single_sign_on.arriving import Asserted
from courseplatform.accounts.single_sign_on.errors import AnswerRefused, ProviderAway
from courseplatform.accounts.single_sign_on.providers import Oidc
from courseplatform.accounts.single_sign_on.tokens import ODD_SHAPES, claims_of, kept
from courseplatform.core.outside import GuardedSession, NoAnswer

CONNECT_S, READ_S, WHOLE_S = 3.0, 5.0, 8.0  # a person waits, and a thread of ours with them
MOST_BYTES = 1 << 20
STRONG = {"mfa", "https://refeds.org/profile/mfa", "http://schemas.microsoft.com/claims/multipleauthn"}
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
log = structlog.get_logger(__name__)


def provider_set() -> Oidc:
    assert settings.OIDC is not None  # the views ask
    return settings.OIDC


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What allauth asks us: how to reach the provider, and what to say of what went wrong."""

    def get_requests_session(self) -> GuardedSession:
        return GuardedSession(connect_s=CONNECT_S, read_s=READ_S, whole_s=WHOLE_S, most_bytes=MOST_BYTES)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> NoReturn:
        """Raises AnswerRefused: `cancelled`, `state_unknown`, `provider_error`, `code_refused`."""
        label = provider_set().name
        if exception is not None:
            log.warning("oidc_refused", why=type(exception).__name__, said=str(exception)[:120])
            raise AnswerRefused(
                f"{label} does not stand by this sign-in any more. Begin again; a sign-in works once.",
                code="code_refused",
            )
        if str(error) == "cancelled":
            raise AnswerRefused(f"The sign-in at {label} was ended there before it was complete.", code="cancelled")
        if extra_context and "state_id" in extra_context:
            message = "This sign-in was begun in another browser, was used already, or is older than ten minutes. Begin again."
            raise AnswerRefused(message, code="state_unknown")
        raise AnswerRefused(f"{label} could not sign you in. Begin again, or ask its help desk.", code="provider_error")


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider of the settings. Nothing that stands in an address of ours reaches it: allauth would take scopes and parameters from there."""

    def __init__(self, request: HttpRequest) -> None:
        found = provider_set()
        app = SocialApp(
            provider="openid_connect", provider_id="oidc", name=found.name[:40], client_id=found.client_id, secret=found.secret,
            settings={"server_url": found.issuer.rstrip("/"), "oauth_pkce_enabled": True, "scope": list(found.scopes)},
        )  # fmt: skip
        super().__init__(request, app=app)

    def get_oauth2_adapter(self, request: HttpRequest) -> "Wire":
        return Wire(request)


class Wire(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """What is asked of the provider. `state` is what was kept when this sign-in began."""

    state: dict[str, Any]

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, "oidc")
        self.state = {}
        self.said: dict[str, Any] = {}

    def get_provider(self) -> Provider:
        return Provider(self.request)

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return request.build_absolute_uri(reverse("accounts:sso_back"))

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises ProviderAway."""
        url = self.get_provider().server_url
        return kept("config", url, lambda: self._config(url))

    def _config(self, url: str) -> dict[str, Any]:
        found = self._json(url)
        if any(not isinstance(found.get(name), str) for name in NEEDED) or found["issuer"] != provider_set().issuer:
            log.error(
                "oidc_discovery_odd",
                issuer=str(found.get("issuer"))[:200],
                hint="OIDC_ISSUER must be what discovery says",
            )
            raise _away("says that it is another one than this site is set up for")
        urls = [found[name] for name in (*NEEDED[1:], "userinfo_endpoint", "end_session_endpoint") if found.get(name)]
        if any(not _is_safe(str(one)) for one in urls):
            raise _away("names an address without https")
        return found

    def _json(self, url: str, **headers: str) -> dict[str, Any]:
        """Raises ProviderAway."""
        try:
            answer = ProviderAdapter(self.request).get_requests_session().get(url, headers=headers)
            found = answer.json() if answer.status_code == 200 else None
        except (NoAnswer, ValueError) as error:
            log.warning("oidc_away", url=url, said=str(error)[:120])
            raise _away("does not answer") from error
        if not isinstance(found, dict):
            raise _away("answers with something else than was asked for")
        return found

    def get_access_token_data(
        self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """Raises ProviderAway, or OAuth2Error where the code is not taken."""
        try:
            found = super().get_access_token_data(request, app, client, pkce_code_verifier)
        except NoAnswer as error:
            raise _away("does not answer") from error
        except ODD_SHAPES as error:
            raise _away("answers with something else than was asked for") from error
        if not isinstance(found, dict) or not isinstance(found.get("id_token"), str):
            raise OAuth2Error("no id_token")
        return found

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> NoReturn:
        """Ends allauth's part: what was said goes on to the view. Raises AnswerRefused, ProviderAway."""
        config = self.openid_config
        claims = claims_of(
            kwargs["response"]["id_token"], issuer=config["issuer"], client_id=app.client_id, nonce=str(self.state.get("nonce", "")),
            keys=lambda is_anew: kept("keys", config["jwks_uri"], lambda: self._json(config["jwks_uri"]), is_anew),
        )  # fmt: skip
        if not claims.get("email") and config.get("userinfo_endpoint"):
            more = self._json(str(config["userinfo_endpoint"]), Authorization=f"Bearer {token.token}")
            if more.get("sub") != claims["sub"]:
                raise AnswerRefused(
                    "The other sign-in speaks of two people at once. Begin again.", code="token_invalid"
                )
            claims = more | claims
        raise Believed(claims, str(self.state.get("next") or ""))


class Believed(Exception):
    """Claims that are believed, on their way out of allauth's view. `next_url`: where the person wanted to go."""

    def __init__(self, claims: dict[str, Any], next_url: str) -> None:
        super().__init__("believed")
        self.claims, self.next_url = claims, next_url


class Callback(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        """RFC 9207: where the answer names its issuer, it is ours. Raises AnswerRefused (`wrong_issuer`)."""
        said = request.GET.get("iss")
        if said is not None and said != provider_set().issuer:
            raise AnswerRefused(
                "This answer is from another sign-in than the one you began. Begin again.", code="wrong_issuer"
            )
        state, response = super()._get_state(request, provider)
        self.adapter.state = state or {}
        return state, response


def _away(what: str) -> ProviderAway:
    return ProviderAway(
        f"{provider_set().name} {what}, so nobody can be signed in by it now. Try again in a few minutes."
    )


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def oidc_begin(request: HttpRequest, next_url: str) -> HttpResponseBase:
    """To the provider's own page. Raises ProviderAway."""
    nonce = secrets.token_urlsafe(24)
    answer: HttpResponseBase = Provider(request).redirect(
        request, process="login", next_url=next_url or None, auth_params={"nonce": nonce}, nonce=nonce
    )
    return answer


def oidc_take(request: HttpRequest) -> tuple[Asserted, str]:
    """What the provider says of whoever comes back, and where they wanted to go. Raises AnswerRefused, ProviderAway."""
    try:
        Callback.adapter_view(Wire(request))(request)
    except Believed as found:
        return _asserted(found.claims), found.next_url
    except ImmediateHttpResponse as error:  # allauth's own page: nothing here ends in one
        raise AnswerRefused(
            "The other sign-in ended in a way that we do not know. Begin again.", code="provider_error"
        ) from error
    raise AnswerRefused("The other sign-in did not say who you are. Begin again.", code="provider_error")


def _asserted(claims: dict[str, Any]) -> Asserted:
    found = provider_set()
    email = claims.get("email")
    methods = claims.get("amr") if isinstance(claims.get("amr"), list) else []
    strong = {str(one) for one in (*(methods or []), claims.get("acr"))}
    return Asserted(
        issuer=str(claims["iss"]), subject=str(claims["sub"]), email=email.strip() if isinstance(email, str) else "",
        is_proven=found.vouches or claims.get("email_verified") is True,  # true, and no word that means it
        name=str(claims.get("name") or "")[:200], is_strong=bool(strong & STRONG), label=found.name,
    )  # fmt: skip


def oidc_end_url(request: HttpRequest) -> str:
    """Where the session at the provider is ended, "" where it offers nothing of the kind or does not answer."""
    try:
        url = Wire(request).openid_config.get("end_session_endpoint")
    except ProviderAway:
        return ""
    back = {
        "client_id": provider_set().client_id,
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("front")),
    }
    return f"{url}?{urlencode(back)}" if url else ""
