"""What an operator gets wrong and Django does not know: `manage.py check --deploy`. Each has an id, and a hint that says what to set."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Warn

LEAST_SECRET = 32


@register(Tags.security, deploy=True)
def addresses(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Under which names the site answers and what it calls itself."""
    found: list[CheckMessage] = []
    site = urlsplit(settings.SITE_URL)
    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
    if site.scheme != "https":
        hint = (
            f"Set SITE_URL=https://{site.netloc}; links in mails and calendars, and what an LMS is told, begin with it."
        )
        found.append(Error(f"SITE_URL is {settings.SITE_URL}, which is not https.", hint=hint, id="milliamp.E010"))
    if "*" in names:
        hint = "Name the site's host names in ALLOWED_HOSTS, or anybody's name in a request goes into links."
        found.append(Error("ALLOWED_HOSTS lets every name in.", hint=hint, id="milliamp.E011"))
    elif site.hostname and not any(site.hostname == name or site.hostname.endswith(f".{name}") for name in names):
        hint = f"Add {site.hostname} to ALLOWED_HOSTS, or correct SITE_URL: links in mails lead to a refusal."
        found.append(Error(f"SITE_URL names {site.hostname}, ALLOWED_HOSTS does not.", hint=hint, id="milliamp.E012"))
    if site.hostname and site.hostname.endswith(("example.edu", "example.org", "example.com")):
        hint = "Set SITE_URL and ALLOWED_HOSTS to the name that people type."
        found.append(Warn(f"The site calls itself {site.hostname}, as the examples do.", hint=hint, id="milliamp.W012"))
    content = urlsplit(getattr(settings, "CONTENT_URL", ""))
    if content.hostname and content.hostname == site.hostname:
        hint = "Give this machine a second name in DNS and set CONTENT_URL=https://files.example.edu."
        found.append(Error("CONTENT_URL has the host name of SITE_URL: uploaded files would be of the site's origin.", hint=hint,
                           id="milliamp.E014"))  # fmt: skip
    return found


@register(Tags.security, deploy=True)
def secrets(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Secrets that are none."""
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < LEAST_SECRET or settings.SECRET_KEY.lower().startswith(("changeme", "secret")):
        hint = "openssl rand -hex 32 makes one. Everybody is signed out when it changes."
        found.append(Error(f"SECRET_KEY can be guessed: it has fewer than {LEAST_SECRET} characters, or is a known word.", hint=hint,
                           id="milliamp.E013"))  # fmt: skip
    address = urlsplit(settings.DATABASE_URL)
    if settings.DATABASE_URL and address.hostname not in (None, "", "localhost", "127.0.0.1") and not address.password:
        hint = "Give the database's user a password, and put it into DATABASE_URL."
        found.append(Warn("DATABASE_URL reaches another machine without a password.", hint=hint, id="milliamp.W013"))
    broker = urlsplit(settings.BROKER_URL)
    if settings.BROKER_URL and broker.hostname not in (None, "", "localhost", "127.0.0.1") and not broker.password:
        hint = "Set requirepass in Redis, and BROKER_URL=redis://:password@host:6379/0."
        found.append(Warn("BROKER_URL reaches another machine without a password.", hint=hint, id="milliamp.W014"))
    return found


@register(Tags.security, deploy=True)
def reaching_people(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Mail that goes nowhere, or comes from nobody."""
    found: list[CheckMessage] = []
    if "example.edu" in settings.DEFAULT_FROM_EMAIL:
        hint = "Set DEFAULT_FROM_EMAIL to an address of yours that the mail server lets you send from."
        found.append(Warn("Mails come from an address at example.edu.", hint=hint, id="milliamp.W015"))
    is_default = (
        settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and getattr(settings, "EMAIL_HOST", "") == "localhost"
    )
    if is_default:
        hint = "Set EMAIL_URL=smtp+tls://user:password@mail.example.edu:587. In a container localhost is the container, which sends no mail."
        found.append(Warn("EMAIL_URL names localhost.", hint=hint, id="milliamp.W016"))
    return found


@register(Tags.security, deploy=True)
def files(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Where uploads and hidden sets lie, and whether every machine reaches them."""
    if settings.S3 or settings.EMBEDDED:
        return []
    hint = "Set S3_BUCKET, S3_KEY_ID and S3_SECRET, or see that web and workers share DATA_DIR and are on one machine."
    return [Warn("Files lie in DATA_DIR of one machine.", hint=hint, id="milliamp.W017")]
