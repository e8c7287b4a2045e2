"""Watch a run in a container of Docker: the limits and the sentences of a process's, where the process is the engine's child."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

from hardware.ondevice import processes
from hardware.ondevice.sandbox.request import FrameHandler, SandboxError, SandboxRequest, SandboxResult, TickHandler
from hardware.ondevice.sandbox.watcher import Verdict, Watch

ASKED_WITHIN_S = 60.0
# After its streams have closed a container is about to end; one that does not has closed them on purpose.
ENDS_WITHIN_S = 3.0


def ask(*words: str) -> str:
    """What ``docker`` answers. Raises SandboxError with its own words."""
    try:
        done = subprocess.run(
            [shutil.which("docker") or "docker", *words], check=False, capture_output=True, text=True, timeout=ASKED_WITHIN_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise SandboxError("Docker is not installed: sudo apt install docker.io") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"Docker does not answer: {error}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it gives no reason"])[-1]
        raise SandboxError(f"Docker refuses: {said[:300]}")
    return done.stdout.strip()


@dataclass
class DockerWatch(Watch):
    """The watching of one container that has its order. ``init``: its first process, as this machine counts them."""

    container: str = ""
    init: int = 0
    out_of_memory: bool = False

    @property
    def _above(self) -> int:
        return self.init

    def _register(self, selector: selectors.BaseSelector) -> None:
        assert self.process.stderr is not None
        for fd in (self.process.stderr.fileno(), self.result_fd):
            os.set_blocking(fd, False)
            selector.register(fd, selectors.EVENT_READ)

    def _end(self, ended_by_itself: bool) -> int:
        """End the container where it has not, and learn how. An engine that has lost it is no word about the model."""
        try:
            if not ended_by_itself or not self._ends_soon():
                # First the reader: an engine that has output left to deliver waits for it, and with it the container's end.
                self.process.kill()
                self._kill()
            ask("wait", self.container)
            code, out_of_memory = ask(
                "inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", self.container
            ).split()
        except SandboxError as error:
            self.stopped = Verdict("infrastructure", "sandbox_failed", str(error))
            return 0
        finally:
            os.close(self.result_fd)
        self.out_of_memory = out_of_memory == "true"
        return (int(code) & 0xFF) << 8  # as wait(2) gives it

    def _kill(self) -> None:
        try:
            ask("kill", self.container)
        except SandboxError:
            if ask("inspect", "--format", "{{.State.Running}}", self.container) == "true":
                raise

    def _ends_soon(self) -> bool:
        deadline = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return True
            time.sleep(0.01)
        return False

    def _signal_verdict(self, number: int) -> Verdict:
        if number == signal.SIGKILL and self.out_of_memory:
            return self._out_of_memory()
        return super()._signal_verdict(number)


def watch(
    process: subprocess.Popen[bytes],
    container: str,
    request: SandboxRequest,
    isolation: str,
    on_frame: FrameHandler | None,
    on_tick: TickHandler | None,
) -> SandboxResult:
    """Watch a container that has its order to its end. ``process`` is the ``docker run`` that it hangs on."""
    assert process.stdout is not None
    init = int(ask("inspect", "--format", "{{.State.Pid}}", container))
    used_s = processes.usage(processes.descendants(init), request.limits.memory_bytes).cpu_s
    return DockerWatch(
        process, os.dup(process.stdout.fileno()), request.nonce, request.limits, isolation, on_frame, on_tick, used_s,
        container=container, init=init,
    ).run()  # fmt: skip
