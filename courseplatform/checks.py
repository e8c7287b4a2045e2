"""System checks of the settings: combinations that Django does not know to be wrong. Each has an id and a hint."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.http.request import validate_host


@register(Tags.security, deploy=True)
def deployment(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """What a production start must not be without."""
    found: list[CheckMessage] = []
    if settings.DEMO:
        hint = "Set DEMO=0: the demo accounts need no password."
        found.append(Error("Demo mode is on.", hint=hint, id="milliamp.E001"))
    if settings.BENCH_ISOLATION != "docker" and not settings.BENCH_ALLOW_PROCESS:
        hint = "Set BENCH_ISOLATION=docker and run docker/bench-runner/build, or allow it with BENCH_ALLOW_PROCESS=1."
        found.append(Error("Models are run in processes, not in containers.", hint=hint, id="milliamp.E004"))
    if settings.BENCH_ISOLATION == "limits":
        hint = "Install bubblewrap, or allow user namespaces, and set BENCH_ISOLATION=auto."
        found.append(Error("Models are run under process limits only.", hint=hint, id="milliamp.E002"))
    if settings.STAFF_SECOND_FACTOR == "off":
        hint = "Set STAFF_SECOND_FACTOR=asked or required: a password of the staff opens the work of a class."
        found.append(checks.Warning("Staff need no second factor.", hint=hint, id="milliamp.W002"))
    if not settings.EMBEDDED and not settings.BROKER_URL:
        hint = "Set BROKER_URL=redis://host:6379/0; without it the workers of this deployment cannot be woken."
        found.append(Error("DATABASE_URL is set, BROKER_URL is not.", hint=hint, id="milliamp.E003"))
    return found


@register(Tags.security)
def content_host(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """A host of uploaded content that would not part it from the site, or would not answer."""
    if not settings.CONTENT_URL:
        return []
    found: list[CheckMessage] = []
    host, site = urlsplit(settings.CONTENT_URL).hostname or "", urlsplit(settings.SITE_URL).hostname or ""
    if settings.BEHIND_TLS and not settings.CONTENT_URL.startswith("https://"):
        hint = "Begin CONTENT_URL with https://, and give its host a certificate."
        found.append(Error("CONTENT_URL is plain HTTP on a site behind TLS.", hint=hint, id="milliamp.E020"))
    if host == site:
        hint = "Give CONTENT_URL a host name of its own. Another port is not enough: cookies go to all ports of a host."
        found.append(Error("CONTENT_URL and SITE_URL have the same host.", hint=hint, id="milliamp.E021"))
    if not validate_host(host if ":" not in host else f"[{host}]", settings.ALLOWED_HOSTS):
        hint = f"Add {host} to ALLOWED_HOSTS; the host of uploaded content is refused as unknown until then."
        found.append(Error("The host of CONTENT_URL is not in ALLOWED_HOSTS.", hint=hint, id="milliamp.E022"))
    return found


@register(Tags.compatibility)
def embedded_or_not(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if settings.EMBEDDED and settings.BROKER_URL:
        hint = "Set both for a deployment, or none for the embedded world."
        return [checks.Warning("BROKER_URL is set, DATABASE_URL is not.", hint=hint, id="milliamp.W001")]
    return []
