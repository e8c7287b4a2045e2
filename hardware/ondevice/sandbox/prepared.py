"""Processes that stand inside their sandbox with a runtime imported and wait for the one order that they will carry out.

Importing PyTorch takes seconds, which nobody who hands in should wait for. A process that waits is confined before it
imports anything, and nothing of a stranger is in it until its order comes; it is used once and never copied (a fork
after PyTorch has run hangs). Its folder of inputs is empty until then: the files are copied there from outside, inside
they can only be read. It ends with its parent, and by itself when the pipe of its order closes.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hardware.ondevice import processes
from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.sandbox import layout, watcher
from hardware.ondevice.sandbox.request import (
    FrameHandler,
    Place,
    Preparing,
    SandboxError,
    SandboxRequest,
    SandboxResult,
    TickHandler,
)

Imports = tuple[str, ...]
PREPARED_WITHIN_S = 60.0
LOOK_S = 0.25


class Waiting:
    """One process that waits. Raises OSError or SandboxError where it cannot be started."""

    def __init__(self, sandbox: Preparing, imports: Imports, parent: Path | None) -> None:
        self._sandbox = sandbox
        self._place = Place(Path(tempfile.mkdtemp(prefix="milliamp-", dir=parent)))
        self._said = False
        self._reading = self._writing = -1
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start(imports)
        except BaseException:
            self.close()
            raise

    def _start(self, imports: Imports) -> None:
        self._place.inputs.mkdir()
        for folder in (self._place.folder, self._place.inputs):
            layout.give(folder, 0o750)
        self._reading, self._writing = os.pipe()
        request = SandboxRequest("", imports=imports)
        self._process = self._sandbox.prepare(request, self._place, self._writing)
        os.close(self._writing)
        self._writing = -1

    def is_prepared(self, on_tick: TickHandler | None = None, within_s: float = PREPARED_WITHIN_S) -> bool:
        """Whether everything is imported; waits for that. Whoever waits along may stop it by raising in ``on_tick``."""
        reader, deadline = FrameReader(self._place.prepared), time.monotonic() + within_s
        while not self._said:
            if on_tick:
                on_tick(0.0)
            if select.select([self._reading], [], [], min(LOOK_S, within_s))[0]:
                data = os.read(self._reading, watcher.READ_BYTES)
                if not data:
                    return False
                with contextlib.suppress(FrameError):
                    self._said = any(kind == "prepared" for kind, _ in reader.feed(data))
            if not self._said and time.monotonic() >= deadline:
                return False
        return self.lives()

    def lives(self) -> bool:
        """Whether it still waits. Looked at without reaping: the watcher waits for it again."""
        process = self._process
        return process is not None and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """Give it ``request`` and watch to the end, as ``Sandbox.run`` does. Only once, and only when it is prepared."""
        process, reading = self._process, self._reading
        assert process is not None  # it was prepared
        assert process.stdin is not None
        try:
            for name, path in request.readonly_files.items():
                layout.put(path, self._place.inputs / name)
            before_s = processes.usage(processes.descendants(process.pid), 1 << 62).cpu_s
            self._process, self._reading = None, -1  # the watcher ends and closes them
            watch = watcher.Watch(
                process, reading, request.nonce, request.limits, self._sandbox.name, on_frame, on_tick, before_s
            )
            with contextlib.suppress(BrokenPipeError):  # one that has just died is reported by its end
                process.stdin.write(self._sandbox.order(request, self._place))
                process.stdin.close()
            return watch.run()
        finally:
            self.close()

    def close(self) -> None:
        """End it where it still waits, and remove its folder. Never fails, also the second time."""
        process, self._process = self._process, None
        if process is not None:
            processes.kill_below(process.pid)
            processes.kill(process.pid)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        for fd in (self._reading, self._writing):
            if fd >= 0:
                os.close(fd)
        self._reading = self._writing = -1
        shutil.rmtree(self._place.folder, ignore_errors=True)


@dataclass
class PreStarted:
    """An isolation with processes that wait. A request for which none waits is started cold, as without it.

    Args:
        parent: folder for what is handed in to them; the system's temporary folder where None.
        used: the kinds that were asked for, until somebody clears it.
    """

    sandbox: Preparing
    parent: Path | None = None
    used: set[Imports] = field(default_factory=set)
    _waiting: dict[Imports, list[Waiting]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sandbox.name == "limits":
            # There another user finds its files by their path on the host, so they must lie where everybody may go.
            self.parent = None

    @property
    def name(self) -> str:
        return self.sandbox.name

    @property
    def label(self) -> str:
        return self.sandbox.label

    def make_ready(self, wanted: Mapping[Imports, int]) -> None:
        """Have so many processes wait for each kind, and end those of kinds that are not wanted. Returns at once.

        To be called from a thread that lives on: the processes end with the thread that started them. Raises SandboxError.
        """
        for imports, waiting in self._waiting.items():
            dead = [each for each in waiting if not each.lives()]
            living = [each for each in waiting if each not in dead]
            count = wanted.get(imports, 0)
            self._waiting[imports] = living[:count]
            for each in (*dead, *living[count:]):
                each.close()
        for imports, count in wanted.items():
            self.expect(imports, count)

    def expect(self, imports: Imports, count: int) -> None:
        """So many requests of a kind come now, one after the other: what does not wait yet is started beside the first.

        As ``make_ready``.
        """
        waiting = self._waiting.setdefault(imports, [])
        while len(waiting) < count:
            try:
                waiting.append(Waiting(self.sandbox, imports, self.parent))
            except OSError as error:
                raise SandboxError(f"A process could not be started beforehand: {error}") from error

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """See ``Sandbox.run``."""
        self.used.add(request.imports)
        waiting = self._take(request.imports, on_tick)
        if waiting is None:
            return self.sandbox.run(request, on_frame, on_tick)
        return waiting.run(request, on_frame, on_tick)

    def _take(self, imports: Imports, on_tick: TickHandler | None) -> Waiting | None:
        while self._waiting.get(imports):
            waiting = self._waiting[imports].pop(0)
            ready = False
            try:
                ready = waiting.is_prepared(on_tick)
            finally:
                if not ready:
                    waiting.close()
            if ready:
                return waiting
        return None

    def close(self) -> None:
        """End all that wait."""
        self.make_ready({})
