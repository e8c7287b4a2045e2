"""Isolation by namespaces of our own, where bubblewrap is not installed but the kernel lets us make them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

from hardware.ondevice.enter import Plan
from hardware.ondevice.sandbox import launching, layout, watcher
from hardware.ondevice.sandbox.request import FrameHandler, Place, SandboxRequest, SandboxResult, TickHandler

ENTER = (sys.executable, "-m", "hardware.ondevice.enter")


@dataclass(frozen=True)
class Namespaces:
    """The same namespaces and the same view of the files as ``Bubblewrap``, set up by ``enter``. ``begin`` is a command that the helper is started by."""

    with_proc: bool = True
    begin: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "namespaces"

    @property
    def label(self) -> str:
        return "own namespaces: own user, files and processes, no network"

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """See ``Sandbox.run``."""

        def start(result_fd: int) -> subprocess.Popen[bytes]:
            return self._start(request, result_fd)

        return launching.run_and_watch(request, self.name, on_frame, on_tick, start)

    def prepare(self, request: SandboxRequest, place: Place, result_fd: int) -> subprocess.Popen[bytes]:
        """See ``Preparing.prepare``."""
        return self._start(request, result_fd, place)

    def order(self, request: SandboxRequest, place: Place) -> bytes:
        """See ``Preparing.order``."""
        return launching.order_line(request, layout.INPUTS_INSIDE)

    def _start(self, request: SandboxRequest, result_fd: int, place: Place | None = None) -> subprocess.Popen[bytes]:
        here = layout.build({}, place.inputs) if place else layout.build(request.readonly_files)
        plan = Plan(
            binds=[(str(bind.source) if bind.source else None, str(bind.target)) for bind in here.binds],
            links=[(target, str(link)) for target, link in here.links],
            devices=[str(device) for device in layout.DEVICES],
            tmp=str(layout.TMP_INSIDE),
            tmp_bytes=request.limits.tmp_bytes,
            with_proc=self.with_proc,
            uid=layout.NOBODY,
            command=list(launching.LAUNCHER),
            env=layout.environment(layout.APP, layout.TMP_INSIDE, request.env),
        )
        keep = layout.needs_root_to_read([] if place else request.readonly_files.values())
        order = launching.make_order(request, result_fd, layout.INPUTS_INSIDE, keep_reading=keep, place=place)
        environment = layout.environment(layout.PROJECT, layout.TMP_INSIDE, {})
        with launching.carried(json.dumps(asdict(plan)).encode()) as given:
            argv = [*self.begin, *ENTER, str(given)]
            return watcher.start(argv, environment, order, result_fd, (given,), more=place is not None)
