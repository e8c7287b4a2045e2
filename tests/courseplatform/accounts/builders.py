"""Access tokens for tests."""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from courseplatform.accounts.tokens import token_create

BOTH = ("read", "hand_in")


def make_token(person, scopes=BOTH, name="laptop", days=30, now=None):
    """(row, secret)"""
    expires_at = (now or timezone.now()) + timedelta(days=days)
    return token_create(person=person, name=name, scopes=scopes, expires_at=expires_at, now=now)


def bearer(secret):
    """What the test client sends: client.get(address, **bearer(secret))."""
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def headers_of(person, scopes=BOTH):
    """The header of a fresh token, which has asked nothing in this minute."""
    cache.clear()
    count = person.access_tokens.count()
    return bearer(make_token(person, scopes, name=f"token {count}")[1])
