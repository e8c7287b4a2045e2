"""Choose the isolation of this machine by a setting: one of those that travel to a device, or containers."""

from __future__ import annotations

import functools
from pathlib import Path

from hardware.ondevice.sandbox import choice
from hardware.ondevice.sandbox.request import Sandbox, SandboxError

# Chosen by name only: it needs an engine and images, and is none of the things that are simply there.
CONTAINER = "docker"
SETTINGS = (*choice.SETTINGS, CONTAINER)


@functools.cache
def detect(setting: str, images: Path | None = None, *, prestart: bool = False) -> Sandbox:
    """Return the isolation for a setting: auto, bubblewrap, namespaces, limits or docker. Tried once a process.

    Args:
        images: for docker, the record of images that docker/bench-runner/build has made.
        prestart: for docker, keep containers waiting for their order; for whoever measures more than one model.

    Raises ValueError for another word, and SandboxError where nothing allowed by the setting works here.
    """
    if setting not in SETTINGS:
        raise ValueError(f"{setting!r} is not an isolation. Use one of {', '.join(SETTINGS)}.")
    if setting == CONTAINER:
        return _container(images, prestart=prestart)
    return choice.detect(setting)


def _container(images: Path | None, *, prestart: bool) -> Sandbox:
    # Imported here: whoever has loaded the engine's client can reach the engine, and most processes must not.
    from grading.bench.sandbox.container import Container
    from grading.bench.sandbox.container_pool import SIZES

    if images is None:
        raise SandboxError("Nobody said which images may be started.")
    found = Container(images, pool=SIZES if prestart else None)
    reason = choice.fault(found)
    if reason is not None:
        found.close()
        raise SandboxError(f"Containers do not work on this machine. {reason}")
    return found
