"""Isolation without namespaces: limits, the system call filter, Landlock, and another user where we are root."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hardware.ondevice.sandbox import launching, layout, watcher
from hardware.ondevice.sandbox.request import FrameHandler, Place, SandboxRequest, SandboxResult, TickHandler

REAPER = (sys.executable, "-m", "hardware.ondevice.reaper")
PROC_FILES = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/proc/sys/kernel")


@dataclass(frozen=True)
class ProcessLimits:
    """The weakest isolation: the process sees this machine's processes, and its files where there is no Landlock.

    ``begin`` is a command that the helper is started by.
    """

    begin: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "limits"

    @property
    def label(self) -> str:
        return "process limits only"

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """See ``Sandbox.run``."""
        with tempfile.TemporaryDirectory(prefix="milliamp-") as folder:
            stage = Path(folder)
            _stage(request.readonly_files, stage)

            def start(result_fd: int) -> subprocess.Popen[bytes]:
                return _start(request, stage, result_fd, begin=self.begin)

            return launching.run_and_watch(request, self.name, on_frame, on_tick, start)

    def prepare(self, request: SandboxRequest, place: Place, result_fd: int) -> subprocess.Popen[bytes]:
        """See ``Preparing.prepare``."""
        _stage({}, place.folder)
        return _start(request, place.folder, result_fd, place, self.begin)

    def order(self, request: SandboxRequest, place: Place) -> bytes:
        """See ``Preparing.order``."""
        return launching.order_line(request, place.inputs, limit_threads=os.geteuid() == 0)


def _stage(files: dict[str, Path], stage: Path) -> None:
    """Make in ``stage`` the folders that are /app and /in elsewhere.

    Our code comes as links, so that Python finds the two packages without listing the project around them. The given
    files are links too, or copies where another user will read them.
    """
    as_root = os.geteuid() == 0
    for code in layout.CODE:
        (stage / "app" / code.parent).mkdir(parents=True)
        (stage / "app" / code).symlink_to(layout.PROJECT / code)
    (stage / "in").mkdir(exist_ok=True)
    for name, path in files.items():
        target = stage / "in" / name
        if as_root:
            layout.put(path, target)
        else:
            target.symlink_to(path.resolve())
    if as_root:
        for folder in (stage, *(path for path in stage.rglob("*") if path.is_dir() and not path.is_symlink())):
            layout.give(folder, 0o750)


def _start(
    request: SandboxRequest, stage: Path, result_fd: int, place: Place | None = None, begin: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    readable = [str(path) for path in (*layout.SYSTEM_FOLDERS, *layout.SYSTEM_FILES, *layout.python_folders())]
    readable += [str(layout.PROJECT / code) for code in layout.CODE]
    readable.append(str(stage))
    if os.geteuid() != 0:  # what the links lead to; of copies, the first may lie where nobody but root may look
        readable += [str(path.resolve()) for path in request.readonly_files.values()]
    readable += [*map(str, layout.DEVICES), *PROC_FILES]
    order = launching.make_order(
        request,
        result_fd,
        stage / "in",
        keep_reading=layout.needs_root_to_read([]),  # the given files were copied
        readable=readable,
        read_only=True,
        # As an ordinary user this limit counts all the person's processes; the watcher counts ours alone.
        limit_threads=os.geteuid() == 0,
        place=place,
    )
    environment = layout.environment(stage / "app", stage, request.env)
    return watcher.start([*begin, *REAPER, *launching.LAUNCHER], environment, order, result_fd, more=place is not None)
