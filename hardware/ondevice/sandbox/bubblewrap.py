"""Isolation by bubblewrap (the Debian package of the same name, 0.8 or later)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hardware.ondevice.sandbox import launching, layout, watcher
from hardware.ondevice.sandbox.request import (
    FrameHandler,
    Place,
    SandboxError,
    SandboxRequest,
    SandboxResult,
    TickHandler,
)

ROOT_MAP = f"0 0 1\n{layout.NOBODY} {layout.NOBODY} 1\n"


@dataclass(frozen=True)
class Bubblewrap:
    """Own user, mount, process, network, IPC and host-name namespaces, set up by ``bwrap``.

    Without ``with_proc`` there is no /proc inside: a container whose own /proc is masked may not mount another.
    ``begin`` is a command that the helper is started by.
    """

    with_proc: bool = True
    begin: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "bubblewrap"

    @property
    def label(self) -> str:
        return "bubblewrap: own user, files and processes, no network"

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
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxError("bwrap is not installed.")
        keep = layout.needs_root_to_read([] if place else request.readonly_files.values())
        order = launching.make_order(request, result_fd, layout.INPUTS_INSIDE, keep_reading=keep, place=place)
        environment = layout.environment(layout.APP, layout.TMP_INSIDE, request.env)
        here = layout.build({}, place.inputs) if place else layout.build(request.readonly_files)
        options = self._options(request, here)
        if os.geteuid() != 0:
            options += ["--uid", str(layout.NOBODY), "--gid", str(layout.NOBODY), "--cap-drop", "ALL"]
            with launching.carried(b"\0".join(map(os.fsencode, options))) as given:
                argv = [*self.begin, program, "--args", str(given), "--", *launching.LAUNCHER]
                return watcher.start(argv, environment, order, result_fd, (given,), more=place is not None)
        return _start_as_root([*self.begin, program], options, environment, order, result_fd, more=place is not None)

    def _options(self, request: SandboxRequest, here: layout.Layout) -> list[str]:
        # Not --unshare-all: that makes the user namespace optional.
        options = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
        options += ["--unshare-cgroup-try", "--die-with-parent", "--new-session"]
        for folder in here.folders():
            options += ["--perms", "0755", "--dir", str(folder)]
        for bind in here.binds:
            options += (
                ["--ro-bind", str(bind.source), str(bind.target)] if bind.source else ["--tmpfs", str(bind.target)]
            )
        for target, link in here.links:
            options += ["--symlink", target, str(link)]
        # Made first: bwrap gives a folder it has to make on the way only to its own user.
        options += ["--perms", "0755", "--dir", "/dev"]
        for device in layout.DEVICES:
            options += ["--dev-bind", str(device), str(device)]
        if self.with_proc:
            options += ["--proc", "/proc"]
        tmp = str(layout.TMP_INSIDE)
        options += ["--perms", "1777", "--size", str(request.limits.tmp_bytes), "--tmpfs", tmp, "--chdir", tmp]
        return [*options, "--remount-ro", "/"]


def _start_as_root(
    program: list[str], options: list[str], environment: dict[str, str], order: bytes, result_fd: int, *, more: bool
) -> subprocess.Popen[bytes]:
    """Start bwrap as root so that the launcher can become a user without any rights on this machine.

    bwrap alone maps one user, so root inside would still own root's files outside. It waits until we have mapped two.
    """
    info_reading, info_writing = os.pipe()
    block_reading, block_writing = os.pipe()
    try:
        options += ["--info-fd", str(info_writing), "--userns-block-fd", str(block_reading), "--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_DAC_READ_SEARCH"):
            options += ["--cap-add", capability]
        with launching.carried(b"\0".join(map(os.fsencode, options))) as given:
            argv = [*program, "--args", str(given), "--", *launching.LAUNCHER]
            process = watcher.start(
                argv, environment, order, result_fd, (info_writing, block_reading, given), more=more
            )
        os.close(info_writing)
        info_writing = -1
        child = _child_pid(info_reading)
        if child is not None:
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{child}/{name}").write_text(ROOT_MAP)
        return process
    finally:
        # Closing the last writing end also lets bwrap go on where the map could not be written; it fails then and
        # says why.
        for fd in (info_reading, block_reading, block_writing, info_writing):
            if fd >= 0:
                os.close(fd)


def _child_pid(info_fd: int) -> int | None:
    """The process id bwrap reports for its child; None where bwrap ended without saying one."""
    text = b""
    while not text.rstrip().endswith(b"}"):
        data = os.read(info_fd, 4096)
        if not data:
            return None
        text += data
    return int(json.loads(text)["child-pid"])
