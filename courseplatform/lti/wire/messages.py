"""The two messages of a launch, checked by the library: the login that the LMS begins, and the signed one that follows.

What the library leaves to us stands here: state and nonce are rows that work once (it accepts a message again), a time is asked for, and
who is addressed besides.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import structlog
from django.core.cache import cache
from jwcrypto.common import JWException
from jwt.exceptions import PyJWTError
from pylti1p3.cookie import CookieService
from pylti1p3.exception import LtiException, LtiInvalidNonceException, LtiKeyException, OIDCException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request
from pylti1p3.session import SessionService

from courseplatform.lti.errors import LaunchRefused, LoginRefused, PlatformProblem
from courseplatform.lti.models import LoginAttempt, Platform
from courseplatform.lti.wire.http import PlatformSession
from courseplatform.lti.wire.tool import Tool, platform_of

KEYS_FOR_S, AGAIN_AFTER_S = 600, 60
SKEW_S, OLDEST_S = 120, 3600
log = structlog.get_logger(__name__)
ODD_SHAPES = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what claims and keys are not
NEEDED = ["exp", "iat", "iss", "sub", "aud", "nonce"]


class Asked(Request):  # type: ignore[misc]
    """The parameters of a request, and nothing else of it."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self.params = params

    @property
    def session(self) -> dict[str, Any]:
        return {}

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self.params.get(key, "")


class Cookies(CookieService):  # type: ignore[misc]
    """Which cookie came, and which is to be set: its name is the state."""

    def __init__(self, sent: Mapping[str, str] | None = None) -> None:
        self.sent, self.state = sent or {}, ""

    def get_cookie(self, name: str) -> str | None:
        return self.sent.get(name)

    def set_cookie(self, name: str, value: Any, exp: int | None = 3600) -> None:
        self.state = name


class Attempts(SessionService):  # type: ignore[misc]
    """State and nonce as one row of ours. Nothing of a message is kept in a session or a cache."""

    def __init__(self, attempt: LoginAttempt | None = None) -> None:
        self.attempt, self.nonce = attempt, ""

    def save_nonce(self, nonce: str) -> None:
        self.nonce = nonce

    def check_nonce(self, nonce: str) -> bool:
        return self.attempt is not None and self.attempt.nonce == nonce

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        return False  # the library would let the same message in again; here the cookie is asked for each time

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        return None

    def save_launch_data(self, key: str, jwt_body: Any) -> None:
        return None


class _Address(Redirect):  # type: ignore[misc]
    def __init__(self, url: str) -> None:
        self.url = url

    def get_redirect_url(self) -> str:
        return self.url


class Login(OIDCLogin):  # type: ignore[misc]
    def get_redirect(self, url: str) -> _Address:
        return _Address(url)


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and the state and nonce that it comes back with."""

    platform: Platform
    url: str
    state: str
    nonce: str


def login_of(params: Mapping[str, str], launch_url: str) -> Begun:
    """Raises LoginRefused: `unknown_platform`, `login_incomplete`."""
    platform = platform_of(params.get("iss", ""), params.get("client_id"))
    if platform is None:
        raise LoginRefused(
            "This LMS is not known here, or its client is switched off. An operator of this site adds it on the page LMS.",
            code="unknown_platform",
        )
    cookies, attempts = Cookies(), Attempts()
    login = Login(Asked(params), Tool(platform), session_service=attempts, cookie_service=cookies)
    try:
        url = login.get_redirect_object(launch_url).get_redirect_url()
    except (OIDCException, LtiException) as error:
        raise LoginRefused("The LMS began a sign-in and left a part of it out.", code="login_incomplete") from error
    return Begun(platform, url, cookies.state, attempts.nonce)


class SignedLaunch(MessageLaunch):  # type: ignore[misc]
    """Key sets are kept in the cache of the site. It may be away: then each launch fetches them."""

    is_fresh = False  # whether the keys were fetched for this message

    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))

    def get_public_key(self) -> tuple[str, str]:
        """A platform that has changed its key since we read the set is asked once more; for whatever number of messages that name a key
        of nobody, once a minute."""
        try:
            found = super().get_public_key()
        except LtiKeyException:
            if self.is_fresh or not cache.add(f"{_kept(self._registration.get_key_set_url())}-again", 1, AGAIN_AFTER_S):
                raise
            self._registration.set_key_set(self._fetched(self._registration.get_key_set_url()))
            found = super().get_public_key()
        if found[1] not in ("RS256", "RS384", "RS512", "ES256", "ES384"):
            raise LtiKeyException("The message is signed in a way that is not taken")
        return found[0], found[1]

    def fetch_public_key(self, key_set_url: str) -> Any:
        """In the place of the library's, which keeps an error in the place of keys for as long as keys."""
        return cache.get(_kept(key_set_url)) or self._fetched(key_set_url)

    def _fetched(self, key_set_url: str) -> Any:
        answer = self._requests_session.get(key_set_url)
        if not answer.ok:
            raise PlatformProblem("The LMS does not give its keys.", code="lms_no_keys", status=answer.status_code)
        try:
            found = answer.json()
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
            raise PlatformProblem("The keys of the LMS cannot be read.", code="lms_no_keys")
        cache.set(_kept(key_set_url), found, KEYS_FOR_S)
        self.is_fresh = True
        return found


def _kept(key_set_url: str) -> str:
    return f"lti-keys-{sha256(key_set_url.encode()).hexdigest()}"


def launch_of(params: Mapping[str, str], cookies: Mapping[str, str], attempt: LoginAttempt) -> dict[str, Any]:
    """The claims of a message whose signature, times, addressee, deployment, state and nonce are right.

    Raises LaunchRefused: `state_mismatch`, `nonce_mismatch`, `launch_invalid`; PlatformProblem where its keys cannot be fetched.
    """
    launch = SignedLaunch(
        Asked(params), Tool(attempt.platform), session_service=Attempts(attempt), cookie_service=Cookies(cookies),
        requests_session=PlatformSession(attempt.platform),
    )  # fmt: skip
    # `aud` is compared by the library with the client of the registration; the time of issue below, with some skew.
    launch.set_jwt_verify_options({"verify_aud": False, "verify_iat": False, "require": NEEDED})
    try:
        claims: dict[str, Any] = dict(launch.validate().get_launch_data())
    except LtiInvalidNonceException as error:
        raise LaunchRefused("The message of the LMS belongs to another sign-in.", code="nonce_mismatch") from error
    except (LtiException, PyJWTError, JWException, *ODD_SHAPES) as error:
        said = "The message of the LMS cannot be believed: its signature, its times or its addressee are not right. Open it from the LMS again."
        log.warning("lti_launch_refused", platform=attempt.platform_id, why=type(error).__name__, said=str(error)[:80])
        raise LaunchRefused(said, code="launch_invalid") from error
    _check_addressee(claims, attempt.platform)
    _check_times(claims)
    return claims


def _check_addressee(claims: dict[str, Any], platform: Platform) -> None:
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    azp = claims.get("azp")
    is_ours = claims["iss"] == platform.issuer and platform.client_id in audience
    if not is_ours or (azp and azp != platform.client_id) or (len(audience) > 1 and not azp):
        raise LaunchRefused("The message of the LMS is for another site.", code="launch_invalid")


def _check_times(claims: dict[str, Any]) -> None:
    """The library checks `exp`. A message from tomorrow, or of an hour ago that never ends, is refused too."""
    issued, now = claims["iat"], time.time()
    if not isinstance(issued, int | float) or not now - OLDEST_S < issued < now + SKEW_S:
        raise LaunchRefused("The message of the LMS is too old, or its clock is wrong.", code="launch_invalid")
