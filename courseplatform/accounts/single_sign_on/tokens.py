"""The signed token of a provider of OpenID Connect, and the keys that its signature is checked with.

allauth takes a token that came over TLS unread as to its signature, its nonce and its `azp`, and believes the algorithm that the token
names. Here each of them is asked for.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import structlog
from django.core.cache import cache

from courseplatform.accounts.single_sign_on.errors import AnswerRefused

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
NEEDED = ["exp", "iat", "iss", "aud", "sub"]
SKEW_S, KEYS_FOR_S, AGAIN_AFTER_S = 60, 600, 30
ODD_SHAPES = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what claims and keys are not
log = structlog.get_logger(__name__)


def claims_of(token: str, *, issuer: str, client_id: str, nonce: str, keys: Callable[[bool], Any]) -> dict[str, Any]:
    """The claims of a token whose signature, issuer, addressee, times and nonce are right.

    Args:
        keys: gives the provider's key set; called with True where it has to be fetched anew.
    Raises AnswerRefused, `token_invalid`.
    """
    try:
        header = jwt.get_unverified_header(token)
        key = _key_of(header, keys)
        claims: dict[str, Any] = jwt.decode(
            token, key=key, algorithms=[header["alg"]], audience=client_id, issuer=issuer, leeway=SKEW_S, options={"require": NEEDED}
        )  # fmt: skip
        _check_addressee(claims, client_id, nonce)
    except (jwt.PyJWTError, *ODD_SHAPES) as error:
        log.warning("oidc_token_refused", issuer=issuer, why=type(error).__name__, said=str(error)[:80])
        message = "What came back from the other sign-in is not signed by it, is too old, or is for another site. Try again; if it stays, tell an operator."
        raise AnswerRefused(message, code="token_invalid") from error
    return claims


def _key_of(header: dict[str, Any], keys: Callable[[bool], Any]) -> Any:
    """The algorithm is one with a public key, and the key one of its kind. A name that is not known may be of a key that is new."""
    if header.get("alg") not in ALGORITHMS:
        raise ValueError("algorithm")
    for is_anew in (False, True):
        found = _named(keys(is_anew), header.get("kid"))
        if found is not None:
            return jwt.PyJWK(found, algorithm=header["alg"]).key
    raise ValueError("unknown key")


def _named(key_set: Any, kid: Any) -> dict[str, Any] | None:
    listed = [key for key in key_set["keys"] if key.get("use", "sig") == "sig"]
    if kid is None:
        return listed[0] if len(listed) == 1 else None
    return next((key for key in listed if key.get("kid") == kid), None)


def _check_addressee(claims: dict[str, Any], client_id: str, nonce: str) -> None:
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    azp = claims.get("azp")
    if (azp and azp != client_id) or (len(audience) > 1 and not azp):
        raise ValueError("azp")
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise ValueError("nonce")
    if not isinstance(claims["sub"], str):
        raise TypeError("sub")


def kept(what: str, url: str, read: Callable[[], dict[str, Any]], is_anew: bool = False) -> dict[str, Any]:
    """A document of the provider, kept for ten minutes; anew at most every half minute, so that nobody has us ask and ask."""
    key = f"oidc-{what}-{sha256(url.encode()).hexdigest()}"
    found: dict[str, Any] | None = cache.get(key)
    if found is not None and not (is_anew and cache.add(f"{key}-anew", 1, AGAIN_AFTER_S)):
        return found
    fresh = read()
    cache.set(key, fresh, KEYS_FOR_S)
    return fresh
