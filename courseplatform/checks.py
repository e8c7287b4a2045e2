"""System checks of the settings: combinations that Django does not know to be wrong. Each has an id and a hint."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register


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
    if not settings.EMBEDDED and not settings.BROKER_URL:
        hint = "Set BROKER_URL=redis://host:6379/0; without it the workers of this deployment cannot be woken."
        found.append(Error("DATABASE_URL is set, BROKER_URL is not.", hint=hint, id="milliamp.E003"))
    return found


@register(Tags.compatibility)
def embedded_or_not(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if settings.EMBEDDED and settings.BROKER_URL:
        hint = "Set both for a deployment, or none for the embedded world."
        return [checks.Warning("BROKER_URL is set, DATABASE_URL is not.", hint=hint, id="milliamp.W001")]
    return []
