"""Absolute addresses for what leaves the site: mails and calendars. Within the site a path is enough."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host


def absolute(path: str) -> str:
    """The address of a path of the site."""
    return f"{settings.SITE_URL}{path}"


def site_host() -> str:
    """The host name of the site, for Message-ID and List-ID."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def is_own_host(host: str) -> bool:
    """Whether a host name, without its port, is one under which this site answers."""
    name = f"[{host}]" if ":" in host else host.lower()
    return host.lower() == site_host() or validate_host(name, settings.ALLOWED_HOSTS)
