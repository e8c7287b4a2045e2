"""Where a person is signed in: kept beside Django's sessions, shown to that person alone, ended one by one or all at once.

Ending all does not rest on the list: it raises the account's epoch, which every session repeats. So it also ends what the list does not
know. Not allauth's `usersessions`: it misses the sign-in of the demo, keeps whole network addresses, and asks the database thrice a page.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from courseplatform.accounts.browsers import browser_words
from courseplatform.accounts.models import SignedIn, User
from courseplatform.core.errors import NotHere

SEEN_EVERY = timedelta(minutes=5)  # so often at most is written that a browser was seen
MOST_REMEMBERED = 20_000
_seen: dict[str, float] = {}  # of this process, for when the cache is away: digest -> time.monotonic()


@dataclass(frozen=True)
class Browser:
    """A line of the list."""

    row: SignedIn
    is_current: bool


def session_begin(*, request: HttpRequest, person: User) -> None:
    """Somebody has just signed in with this request, whichever way."""
    if request.session.session_key is None:
        request.session.create()
    key = str(request.session.session_key)
    _is_due(key)
    _note(key, person.pk, request)


def _note(key: str, person: int, request: HttpRequest) -> None:
    row = SignedIn(session_key=key, person_id=person, browser=browser_words(request.META.get("HTTP_USER_AGENT", "")))
    SignedIn.objects.bulk_create([row], ignore_conflicts=True)


def session_seen(*, request: HttpRequest) -> bool:
    """A page was asked for: whether that was written. One update within five minutes at most; one row where the list does not know the session yet."""
    key, person = str(request.session.session_key), request.session.get(SESSION_KEY)
    if person is None or not _is_due(key):
        return False
    if not SignedIn.objects.filter(session_key=key).update(seen_at=timezone.now()):
        _note(key, int(person), request)
    return True


def _is_due(key: str) -> bool:
    """Whether five minutes are over. Asks this process first, then the cache, which all processes share."""
    digest, now = hashlib.sha256(key.encode()).hexdigest()[:32], time.monotonic()
    if now - _seen.get(digest, -SEEN_EVERY.total_seconds()) < SEEN_EVERY.total_seconds():
        return False
    if len(_seen) >= MOST_REMEMBERED:
        _seen.clear()
    _seen[digest] = now
    return bool(cache.add(f"seen-{digest}", 1, SEEN_EVERY.total_seconds()))


def session_follow(*, old: str, new: str) -> None:
    """Django gave the session another key, as it does when a password changes."""
    rows = SignedIn.objects.filter(session_key=old)
    if SignedIn.objects.filter(session_key=new).exists():
        rows.delete()
    else:
        rows.update(session_key=new)


def browsers_of(person: User, current: str | None) -> list[Browser]:
    """Where the person is signed in now, this browser first. Two queries, and one more where a row outlived its session."""
    rows = list(SignedIn.objects.filter(person=person))
    living = _living(person, [row.session_key for row in rows])
    dead = [row.pk for row in rows if row.session_key not in living]
    if dead:
        SignedIn.objects.filter(pk__in=dead).delete()
    found = [Browser(row, row.session_key == current) for row in rows if row.session_key in living]
    return sorted(found, key=lambda one: not one.is_current)


def _living(person: User, keys: list[str]) -> set[str]:
    """Of these sessions those that still open the account: not run out, and of its password and epoch of now."""
    expected, now = person.get_session_auth_hash(), timezone.now()
    found: Any = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    return {
        one.session_key
        for one in found
        if constant_time_compare(str(one.get_decoded().get(HASH_SESSION_KEY, "")), expected)
    }


@transaction.atomic
def session_end(*, person: User, signed_in: int) -> SignedIn:
    """Sign one browser out. Raises NotHere for another person's."""
    row = SignedIn.objects.filter(person=person, pk=signed_in).first()
    if row is None:
        raise NotHere("This browser is signed out already, or it is not yours.")
    _delete(person, [row.session_key])
    return row


@transaction.atomic
def sessions_end(*, person: User, but: str | None = None) -> int:
    """Sign the person out everywhere, also where the list does not know of it. Returns how many browsers it knew.

    but: the key of a session that is to stay. Its request gives it the new epoch afterwards (`update_session_auth_hash`); without that it
    has ended too. Access tokens stay.
    """
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])
    return sessions_forget(person=person, but=but)


def sessions_forget(*, person: User, but: str | None) -> int:
    """Sessions that open nothing any more, as after a new password, leave the list too. Returns how many there were."""
    keys = SignedIn.objects.filter(person=person).exclude(session_key=but or "").values_list("session_key", flat=True)
    return _delete(person, list(keys))


def _delete(person: User, keys: list[str]) -> int:
    Session.objects.filter(session_key__in=keys).delete()
    SignedIn.objects.filter(person=person, session_key__in=keys).delete()
    return len(keys)
