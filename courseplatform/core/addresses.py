"""Absolute addresses for what leaves the site: mails and calendars. Within the site a path is enough."""

from urllib.parse import urlsplit

from django.conf import settings


def absolute(path: str) -> str:
    """The address of a path of the site."""
    return f"{settings.SITE_URL}{path}"


def site_host() -> str:
    """The host name of the site, for Message-ID and List-ID."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"
