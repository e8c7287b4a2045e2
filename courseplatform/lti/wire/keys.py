"""Key pairs of this site, as the library makes and shows them."""

from typing import Any

from pylti1p3.dynamic_registration import generate_key_pair
from pylti1p3.registration import Registration

BITS = 2048


def pair() -> tuple[str, str, str]:
    """A new pair in PEM, and its name: private, public, kid."""
    private, public = generate_key_pair(BITS)
    return private, public, public_jwk(public)["kid"]


def public_jwk(public: str) -> dict[str, Any]:
    found: dict[str, Any] = dict(Registration.get_jwk(public))
    return found
