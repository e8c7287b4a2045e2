"""The addresses of calendars: made when first asked for, renewed when one has got about."""

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.calendars.models import CalendarSite, PersonalFeed, new_secret


def feed_of(*, person: User) -> PersonalFeed:
    """The person's feed; made at the first call, and by one of two that come at once."""
    feed, _ = PersonalFeed.objects.get_or_create(person=person)
    return feed


def feed_renew(*, person: User) -> PersonalFeed:
    """Give a new address. The old one answers 404 from this moment on."""
    feed = feed_of(person=person)
    PersonalFeed.objects.filter(pk=feed.pk).update(secret=new_secret(), renewed_at=timezone.now())
    feed.refresh_from_db()
    return feed


def site_id() -> str:
    """What ends the UID of every event of this installation."""
    site, _ = CalendarSite.objects.get_or_create(pk=1)
    return site.site_id
