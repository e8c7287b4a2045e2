"""Personal access tokens: made, shown once, recognised, revoked."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.accounts.backends import AccountBackend
from courseplatform.accounts.hooks import term_ends, token_made
from courseplatform.accounts.models import AccessToken, Scope, User
from courseplatform.core.errors import BadInput, Conflict, NotHere, NotSignedIn, TooMany

START, SHOWN = (
    "mlp_",
    8,
)  # every secret begins so, for scanners of repositories and for our logs; letters that stay visible
SECRET_BYTES = 32
LONGEST, USUAL, AFTER_TERM = timedelta(days=366), timedelta(days=180), timedelta(days=30)
MOST_LIVE, MOST_AN_HOUR = 20, 10
USED_EVERY = timedelta(minutes=1)  # so often at most is written that a token was used
MOST_CHARACTERS = 200  # of a header that is looked at; a token has 47


@transaction.atomic
def token_create(
    *, person: User, name: str, scopes: Iterable[str], expires_at: datetime, now: datetime | None = None
) -> tuple[AccessToken, str]:
    """Returns the row and the secret, which nobody can be shown again.

    Raises:
        BadInput: code `no_name`, `no_scope`, `unknown_scope`, `expiry_past` or `expiry_too_late`.
        Conflict: code `name_taken` or `too_many_tokens`.
        TooMany: code `tokens_too_fast`.
    """
    now, name = now or timezone.now(), " ".join(name.split())[:60]
    chosen = _scopes(scopes)
    _check(name, expires_at, now)
    User.objects.select_for_update().get(pk=person.pk)  # two tabs of one person come one after the other
    _check_count(person, name, now)
    secret = START + secrets.token_urlsafe(SECRET_BYTES)
    token = AccessToken.objects.create(
        person=person, name=name, scopes=chosen, prefix=secret[:SHOWN], digest=digest_of(secret), created_at=now,
        expires_at=expires_at,
    )  # fmt: skip
    for tell in token_made:
        tell(token)
    return token, secret


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _scopes(asked: Iterable[str]) -> list[str]:
    asked = set(asked)
    if not asked:
        raise BadInput("Choose what the token may do: read, hand in, or both.", code="no_scope")
    if unknown := asked - set(Scope.values):
        raise BadInput(f"There is no scope {sorted(unknown)[0][:40]}.", code="unknown_scope")
    return [scope.value for scope in Scope if scope in asked]


def _check(name: str, expires_at: datetime, now: datetime) -> None:
    if not name:
        raise BadInput("Give the token a name: where it is used.", code="no_name")
    if expires_at <= now:
        raise BadInput("This day is past: the token would open nothing. Choose a later one.", code="expiry_past")
    if expires_at > now + LONGEST:
        raise BadInput("A token lasts a year at most. Choose an earlier day.", code="expiry_too_late")


def _check_count(person: User, name: str, now: datetime) -> None:
    mine = AccessToken.objects.filter(person=person)
    if mine.filter(name=name, revoked_at__isnull=True).exists():
        raise Conflict(
            "You have a token of this name, and its secret cannot be shown again. Revoke it, or choose another name.",
            code="name_taken",
        )
    if mine.live(now).count() >= MOST_LIVE:
        raise Conflict(
            f"{MOST_LIVE} tokens are live, the most for one account. Revoke one first.", code="too_many_tokens"
        )
    if mine.filter(created_at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR:
        raise TooMany(
            f"You made {MOST_AN_HOUR} tokens within an hour. Wait until it is over; a token can be used in several places.",
            code="tokens_too_fast",
        )


def token_revoke(*, person: User, token: int, now: datetime | None = None) -> AccessToken:
    """End it now; again changes nothing. Raises NotHere for another person's."""
    found = AccessToken.objects.filter(person=person, pk=token).first()
    if found is None:
        raise NotHere("There is no such token, or it is not yours.")
    AccessToken.objects.filter(pk=found.pk, revoked_at__isnull=True).update(revoked_at=now or timezone.now())
    found.refresh_from_db()
    return found


def tokens_of(person: User, now: datetime) -> "QuerySet[AccessToken]":
    """Live ones, and those that ended within a month: their owner may wonder why a program stopped."""
    lately = now - timedelta(days=30)
    recent = Q(revoked_at__isnull=True) | Q(revoked_at__gt=lately)
    return AccessToken.objects.filter(recent, person=person, expires_at__gt=lately)


def token_rows(person: User, now: datetime) -> list[dict[str, Any]]:
    """Lines of the list of tokens. One query."""
    return [{"token": token, "is_live": token.is_live(now)} for token in tokens_of(person, now)]


def usual_expiry(person: User, today: date) -> date:
    """The day that the page offers: a month after the last course of the person ends, else half a year; a year at most."""
    ends = [end for source in term_ends if (end := source(person)) is not None and end >= today]
    return min(max(ends) + AFTER_TERM, today + timedelta(days=365)) if ends else today + USUAL


def token_read(secret: str, now: datetime) -> AccessToken:
    """The live token of a secret, with its person.

    Why it opens nothing is told: whoever holds the secret was its owner, or found it and learns nothing more.

    Raises NotSignedIn: code `bad_token`, `token_revoked`, `token_expired` or `account_inactive`.
    """
    token = None
    if len(secret) <= MOST_CHARACTERS and secret.startswith(START) and secret.isascii():
        token = AccessToken.objects.select_related("person").filter(digest=digest_of(secret)).first()
    if token is None:
        raise NotSignedIn(
            "No token has this secret. Check that it was copied whole: it begins with mlp_.", code="bad_token"
        )
    if token.revoked_at is not None:
        raise NotSignedIn(f"The token {token.prefix} was revoked. Make another one.", code="token_revoked")
    if token.expires_at <= now:
        raise NotSignedIn(
            f"The token {token.prefix} expired on {token.expires_at:%Y-%m-%d}. Make another one.", code="token_expired"
        )
    if not AccountBackend().user_can_authenticate(token.person):
        raise NotSignedIn("The account of this token is switched off.", code="account_inactive")
    return token


def token_used(token: AccessToken, now: datetime) -> None:
    """Remember that it was used, once a minute however often that is."""
    if token.last_used_at is None or token.last_used_at <= now - USED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_EVERY)
        AccessToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
