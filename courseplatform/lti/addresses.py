"""Where our keys, tokens and answers may go: to the hosts of the platform that operators have named, over https."""

from urllib.parse import urlsplit

from django.conf import settings

from courseplatform.lti.errors import PlatformProblem

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def check_address(url: str, hosts: frozenset[str]) -> None:
    """Raises PlatformProblem (`foreign_address`, `plain_address`)."""
    parts = urlsplit(url)
    if not parts.netloc or parts.netloc not in hosts:
        said = f"The LMS names an address at {parts.netloc or 'no host'}, which is not one of its own. An operator looks at the platform."
        raise PlatformProblem(said, code="foreign_address", is_passing=False)
    if not is_safe(url):
        said = "The LMS names an address without https, and nothing is sent to such a one."
        raise PlatformProblem(said, code="plain_address", is_passing=False)


def is_safe(url: str) -> bool:
    """https; on the machine of whoever tries it out also http."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK and settings.EMBEDDED)
