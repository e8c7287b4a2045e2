"""A browser that has signed an account in before: a signed cookie that names accounts by a hash, and nothing else.

For two things. Staff hear of a sign-in from a browser that was never used. And wrong passwords from elsewhere slow down only elsewhere: who
tries somebody's address again and again cannot keep them out of the browsers that they use.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from courseplatform.accounts.models import User

NAME, SALT, MOST, AGE_S = "known", "milliamp.known_browser", 8, 400 * 86400
MARK = "_known_browser_add"


def _name() -> str:
    return f"__Host-{NAME}" if settings.SESSION_COOKIE_SECURE else NAME


def _hash(email: str) -> str:
    return salted_hmac(SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:24]


def _listed(request: HttpRequest) -> list[str]:
    try:
        found = signing.loads(request.COOKIES.get(_name(), ""), salt=SALT, max_age=AGE_S)
    except signing.BadSignature:
        return []
    return [str(one) for one in found][:MOST] if isinstance(found, list) else []


def is_known(request: HttpRequest, email: str) -> bool:
    return _hash(email) in _listed(request)


def browser_remember(request: HttpRequest, person: User) -> None:
    """With the answer to this request; see `cookie_set`."""
    setattr(request, MARK, person.email)


def cookie_set(request: HttpRequest, response: HttpResponse) -> None:
    email = getattr(request, MARK, None)
    if email is None:
        return
    mine = _hash(email)
    value = signing.dumps([mine, *(one for one in _listed(request) if one != mine)][:MOST], salt=SALT)
    response.set_cookie(
        _name(), value, max_age=AGE_S, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )  # fmt: skip
