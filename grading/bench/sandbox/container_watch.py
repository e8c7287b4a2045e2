"""Watch a run in a container: the limits and the sentences of a process's, over the engine's connection."""

from __future__ import annotations

import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import cast

from grading.bench.sandbox.container_engine import PRINTS, Engine, State, pieces
from grading.bench.sandbox.container_waiting import Waiting
from hardware.ondevice import processes
from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.sandbox.request import FrameHandler, SandboxError, SandboxRequest, TickHandler
from hardware.ondevice.sandbox.watcher import READ_BYTES, Verdict, Watch

# After its streams have closed a container is about to end; one that does not has closed them on purpose.
ENDS_WITHIN_S = 2.0


@dataclass
class ContainerWatch(Watch):
    """The watching of one container that has been given its order."""

    waiting: Waiting | None = None
    state: State | None = None

    @property
    def _inside(self) -> Waiting:
        assert self.waiting is not None  # given by watch()
        return self.waiting

    @property
    def _engine(self) -> Engine:
        return self._inside.engine

    def _register(self, selector: selectors.BaseSelector) -> None:
        self._inside.connection.setblocking(False)
        selector.register(self._inside.connection, selectors.EVENT_READ)

    def _read(self, selector: selectors.BaseSelector, fd: int, reader: FrameReader) -> None:
        try:
            data = self._inside.connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.stopped = self.stopped or _cut(str(error))
            return
        self._inside.buffer += data
        for stream, piece in pieces(self._inside.buffer):
            if stream == PRINTS:
                self._take_output(piece, is_error=True)
            else:
                self._take_results(piece, reader)
        if not data:
            selector.unregister(self._inside.connection)
            if self._inside.buffer:  # the engine packs whole pieces, whatever the model writes
                self.stopped = self.stopped or _cut("it ended in the middle of a piece")

    def _take_results(self, piece: bytes, reader: FrameReader) -> None:
        try:
            for kind, body in reader.feed(piece):
                self._take(kind, body)
        except FrameError as error:
            self.stopped = self.stopped or self._forged(str(error))

    def _end(self, ended_by_itself: bool) -> int:
        """End the container where it has not, and learn how. An engine that has lost it is no word about the model."""
        self._inside.hang_up()
        try:
            if not ended_by_itself or not self._ends_soon():
                self._engine.kill(self._inside.id)
            code = self._engine.wait(self._inside.id)
            self.state = self._engine.state(self._inside.id)
        except SandboxError as error:
            # Also where we had a word on the model: a stream that stood still looks like a model that takes too long.
            self.stopped = Verdict("infrastructure", "sandbox_failed", str(error))
            return 0
        return (code & 0xFF) << 8  # as wait(2) gives it

    def _ends_soon(self) -> bool:
        deadline = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < deadline:
            if self._engine.state(self._inside.id).status != "running":
                return True
            time.sleep(0.005)
        return False

    def _signal_verdict(self, number: int) -> Verdict:
        if number == signal.SIGKILL and self.state is not None and self.state.out_of_memory:
            return self._out_of_memory()
        return super()._signal_verdict(number)


def _cut(why: str) -> Verdict:
    """What came after the break is lost, so neither a missing result nor half a frame says anything about the model."""
    return Verdict("infrastructure", "sandbox_failed", f"The connection to the container broke: {why}.")


def watch(
    waiting: Waiting,
    request: SandboxRequest,
    isolation: str,
    on_frame: FrameHandler | None,
    on_tick: TickHandler | None,
) -> ContainerWatch:
    """A watch over a container that has its order."""
    # Of a process the inherited part uses the number alone, to look at what is below it.
    process = cast("subprocess.Popen[bytes]", waiting)
    used = processes.usage(processes.descendants(waiting.pid), request.limits.memory_bytes)
    return ContainerWatch(
        process,
        -1,
        request.nonce,
        request.limits,
        isolation,
        on_frame,
        on_tick,
        cpu_before_s=used.cpu_s,
        waiting=waiting,
    )
