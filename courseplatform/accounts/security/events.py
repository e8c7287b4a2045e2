"""Something happened to the safety of an account: one row, told to its owner. A room above hears of it and sends the mail."""

from allauth.core import context

from courseplatform.accounts.browsers import browser_words
from courseplatform.accounts.hooks import security_told
from courseplatform.accounts.models import SecurityEvent, SecurityKind, User

MOST_SHOWN = 20


def security_event(
    *, person: User, kind: SecurityKind, says: str = "", by: str = "", why: str = "", is_told: bool = True
) -> SecurityEvent:  # fmt: skip
    """In the transaction of what happened. The browser is that of the request at hand, where there is one."""
    request = context.request
    browser = browser_words(request.META.get("HTTP_USER_AGENT", "")) if request is not None and not by else ""
    event = SecurityEvent(person=person, kind=kind, says=says[:300], browser=browser, by=by[:254], why=why[:300])
    event.save()
    if is_told:
        for listener in security_told:
            listener(event)
    return event


def events_of(person: User) -> list[SecurityEvent]:
    """The newest ones, for the person's own page. One query."""
    return list(SecurityEvent.objects.filter(person=person)[:MOST_SHOWN])
