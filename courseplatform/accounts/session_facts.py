"""What is known of a session from its sign-in on, kept in the session itself: so no page asks the database for it.

`at` and `seen` are seconds since 1970. A role that changes signs out everywhere (courses), so `is_staff` cannot grow old.
"""

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from courseplatform.accounts.hooks import is_staff
from courseplatform.accounts.models import User

FACTS, ENDED = "sign_in_facts", "sign_in_ended"
SEEN_EVERY_S = 1800  # so exactly is it known how long a browser was left alone


def facts_begin(request: HttpRequest, person: User) -> dict[str, Any]:
    """Read anew at each sign-in, and when a factor comes or goes. Two queries."""
    now, before = int(time.time()), request.session.get(FACTS, {})
    records = get_authentication_records(request, person)
    outside: dict[str, Any] = next((one for one in records if one.get("method") == "socialaccount"), {})
    request.session[FACTS] = facts = {
        "person": person.pk,
        "at": before.get("at", now) if before.get("person") == person.pk else now,
        "seen": now,
        "is_staff": is_staff(person),
        "has_factor": has_factor(person),
        "is_proved": any(one.get("method") == "mfa" for one in records) or bool(outside.get("strong")),
        "outside": outside.get("provider", ""),
        "is_demo": person.is_demo,
    }
    return facts


def facts_renew(request: HttpRequest, person: User) -> dict[str, Any]:
    """A sign-in: what an older one in the same session left counts no more."""
    request.session.pop(FACTS, None)
    return facts_begin(request, person)


def facts_of(request: HttpRequest) -> dict[str, Any]:
    """Of somebody who is signed in. No query, but where the session is older than this page of ours."""
    found: dict[str, Any] | None = request.session.get(FACTS)
    if found is not None:
        return found
    assert isinstance(request.user, User)
    return facts_begin(request, request.user)


def has_factor(person: User) -> bool:
    factors = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=person, type__in=factors).exists())


def why_over(session: SessionBase) -> str:
    """Why a session opens nothing any more: `age`, `idle`, or "" where it does."""
    found = session.get(FACTS)
    if found is None or SESSION_KEY not in session:
        return ""
    now = time.time()
    if now - found["at"] > settings.SESSION_DAYS * 86400:
        return "age"
    if found["is_staff"] and now - found["seen"] > settings.STAFF_IDLE_HOURS * 3600 + SEEN_EVERY_S:
        return "idle"
    return ""


def facts_seen(session: SessionBase) -> None:
    """A page was asked for. Only what is asked again is written, and every half hour at most: students cost nothing."""
    found = session.get(FACTS)
    if found is not None and found["is_staff"] and time.time() - found["seen"] > SEEN_EVERY_S:
        session[FACTS] = found | {"seen": int(time.time())}
