"""Isolation by a container of its own for every run: an image of ours, limits of the kernel, nothing of this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from grading.bench.sandbox import container_images as images
from grading.bench.sandbox import container_owner, container_waiting, container_warden
from grading.bench.sandbox import container_spec as spec
from grading.bench.sandbox.container_engine import LABEL, Engine
from grading.bench.sandbox.container_pool import Pool
from grading.bench.sandbox.container_waiting import Waiting
from grading.bench.sandbox.container_watch import watch
from hardware.ondevice.sandbox.request import FrameHandler, SandboxError, SandboxRequest, SandboxResult, TickHandler


class Container:
    """Runs each request in a container from the images that are recorded in ``record``.

    Args:
        platform: of the images; the engine's own where None. Another one is emulated: right in its answers, not in its times.
        pool: how many containers of each family wait for their order; none where empty.

    Raises:
        SandboxError: no engine answers.
    """

    def __init__(self, record: Path, *, platform: str | None = None, pool: Mapping[str, int] | None = None) -> None:
        self._engine = Engine()
        self._record = record
        self.platform = platform or self._engine.platform
        self._is_emulated = self.platform != self._engine.platform
        self.owner = container_owner.myself()
        self._warden: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        container_owner.sweep(self._engine)
        self._pool = Pool(self._start, pool or {})

    @property
    def name(self) -> str:
        return "docker"

    @property
    def label(self) -> str:
        emulated = f", {self.platform} emulated" if self._is_emulated else ""
        return f"Docker: a container of its own, no network{emulated}"

    @property
    def warden_pid(self) -> int:
        """The process that clears up after this one; 0 before the first container."""
        return self._warden.pid if self._warden is not None else 0

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """See ``Sandbox.run``. Raises SandboxError where the engine, an image or a limit is not as it must be."""
        staged = _staged_bytes(request)
        with self._pool.quiet():
            waiting = self._ready(request, on_tick)
            try:
                waiting.check(spec.asked_for(request.limits, staged, waiting.user, emulated=self._is_emulated))
                waiting.give(request, on_tick)
                return watch(waiting, request, self.name, on_frame, on_tick).run()
            finally:
                waiting.remove()

    def look(self) -> None:
        """See ``Leaning.look``: the engine answers, and has all images that are recorded.

        What waited while the engine was away has ended with it; others are started in its place.
        """
        self._engine.look(image.id for image in images.recorded(self._record, self.platform))
        mine = self._engine.ours(f"{LABEL}={self.owner}")
        self._pool.drop({container for container, _, status in mine if status in container_owner.ENDED})

    def read_back(self, request: SandboxRequest) -> tuple[spec.Asked, dict[str, object]]:
        """What is asked for a request, and what its container says that holds; nothing is run. Raises SandboxError."""
        waiting = self._ready(request, None)
        try:
            asked = spec.asked_for(request.limits, _staged_bytes(request), waiting.user, emulated=self._is_emulated)
            self._engine.limit(waiting.id, asked)
            return asked, waiting.read_back()
        finally:
            waiting.remove()

    def full(self, within_s: float) -> bool:
        """Wait until the pool is full; whether it came to that."""
        return self._pool.full(within_s)

    def close(self) -> None:
        """Remove what waits. Containers of runs that are under way go with their runs."""
        with contextlib.suppress(SandboxError):
            self._pool.close()
        if self._warden is not None and self._warden.stdin is not None:
            self._warden.stdin.close()

    def _ready(self, request: SandboxRequest, on_tick: TickHandler | None) -> Waiting:
        family = images.FAMILY_OF.get(request.model_format or "", images.ANY_FAMILY)
        waiting = None if request.env else self._pool.take(family)
        if waiting is None:
            waiting = self._start(family, request.env)
        try:
            waiting.until_ready(on_tick)
        except BaseException:
            waiting.remove()
            raise
        return waiting

    def _start(self, family: str, env: dict[str, str] | None = None) -> Waiting:
        image = images.find(self._record, family, self.platform)
        self._watch_over()
        return container_waiting.start(self._engine, image, self.owner, env or {})

    def _watch_over(self) -> None:
        """Have a warden before there is anything to clear."""
        with self._lock:
            if self._warden is None or self._warden.poll() is not None:
                try:
                    self._warden = container_warden.start(self.owner, dict(os.environ))
                except OSError as error:
                    raise SandboxError(f"No process could be started that clears up after us: {error}.") from error


def _staged_bytes(request: SandboxRequest) -> int:
    try:
        size = sum(path.stat().st_size for path in request.readonly_files.values())
    except OSError as error:
        raise SandboxError(f"A given file cannot be read: {error.strerror}.") from error
    if size > spec.STAGE_BYTES:
        raise SandboxError(f"The given files have {size} bytes; a container takes {spec.STAGE_BYTES}.")
    return size
