"""The key in a person's calendar address: the stored secret, signed with the site's key."""

from django.core.signing import BadSignature, Signer

from courseplatform.accounts.models import User
from courseplatform.calendars.models import PersonalFeed
from courseplatform.core.errors import NotHere


def _signer() -> Signer:
    return Signer(salt="calendars.feed", sep=".")


def token_of(feed: PersonalFeed) -> str:
    return _signer().sign(feed.secret)


def person_of(token: str) -> User:
    """Whose calendar it is. Raises NotHere for a key that was renewed or never was one."""
    gone = NotHere(
        "There is no calendar at this address. Its owner may have renewed it; the calendar page has the new one."
    )
    try:
        secret = _signer().unsign(token)
    except BadSignature as error:
        raise gone from error
    feed = PersonalFeed.objects.select_related("person").filter(secret=secret, person__is_active=True).first()
    if feed is None:
        raise gone
    return feed.person
