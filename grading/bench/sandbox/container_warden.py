"""A process beside a bench worker that outlives it by a moment, and removes the containers it has left.

Usage: python -m grading.bench.sandbox.container_warden OWNER. Standard input is a pipe that the worker holds open: it closes
when the worker ends, however it ends. A session of its own keeps this process out of whatever ends the worker's.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

from grading.bench.sandbox.container_engine import LABEL, Engine
from grading.bench.sandbox.container_owner import Owner
from hardware.ondevice.sandbox.layout import PROJECT, environment
from hardware.ondevice.sandbox.request import SandboxError

# A container whose making was asked for in the worker's last moment shows only a little later.
LOOK_FOR_S = 2.0
LOOK_EVERY_S = 0.1
ENGINE_AWAY_S = 600.0
REACHES_ENGINE = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def start(owner: Owner, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a warden for ``owner``, this process. It ends with us: keep what is returned. Raises OSError."""
    extra = {name: environ[name] for name in REACHES_ENGINE if name in environ}
    return subprocess.Popen(
        [sys.executable, "-m", "grading.bench.sandbox.container_warden", str(owner)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env=environment(PROJECT, PROJECT, extra), cwd="/",
    )  # fmt: skip


def clear(owner: str) -> None:
    """Remove what ``owner`` has left until nothing has come up for a while. Gives up on an engine that stays away."""
    begun = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < LOOK_FOR_S and time.monotonic() - begun < ENGINE_AWAY_S:
        try:
            engine = Engine()
            for container, _, _ in engine.ours(f"{LABEL}={owner}"):
                engine.remove(container)
                quiet_since = time.monotonic()
        except SandboxError:
            quiet_since = time.monotonic()
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    """Wait for the worker's end, then clear."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    clear(sys.argv[1])


if __name__ == "__main__":
    main()
