"""Stand beside a sandboxed process: read what it writes, hold it to its limits, end it and all that came of it."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import IO

from hardware.ondevice import processes
from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.plain import plain_body, plain_text
from hardware.ondevice.sandbox.request import Ended, Frame, FrameHandler, Limits, SandboxResult, TickHandler
from hardware.ondevice.seccomp import FROM_OUTSIDE

POLL_S = 0.05
TICK_S = 0.5
STDERR_TAIL_BYTES = 4096
READ_BYTES = 1 << 16
# Helpers of an isolation (at most two) and the process itself; a filter refuses more, this notices where there is no
# filter.
MAX_PROCESSES = 4
NEAR_LIMIT = 0.9


@dataclass(frozen=True)
class Verdict:
    """How a run ended, in the closed set, with a code and a sentence."""

    ended: Ended
    code: str
    message: str


@dataclass
class Watch:
    """The watching of one process that has been started with its three pipes.

    ``cpu_before_s`` is what it had used before its order came, which is not the model's.
    """

    process: subprocess.Popen[bytes]
    result_fd: int
    nonce: str
    limits: Limits
    isolation: str
    on_frame: FrameHandler | None
    on_tick: TickHandler | None
    cpu_before_s: float = 0.0
    started: float = field(default_factory=time.monotonic)
    frames: list[Frame] = field(default_factory=list)
    peak_rss_bytes: int = 0
    output_bytes: int = 0
    stderr_tail: bytes = b""
    ready: bool = False
    launch_error: str = ""
    stopped: Verdict | None = None
    cpu_s: float = 0.0

    def run(self) -> SandboxResult:
        """Watch until the end. Whatever happens, also an exception from a handler, nothing is left running."""
        reader = FrameReader(self.nonce, max_total_bytes=self.limits.result_bytes)
        ended_by_itself = False
        try:
            with selectors.DefaultSelector() as selector:
                self._register(selector)
                self._loop(selector, reader)
            ended_by_itself = self.stopped is None
        finally:
            status = self._end(ended_by_itself)
        return self._result(status, is_cut=reader.pending_bytes > 0)

    def _register(self, selector: selectors.BaseSelector) -> None:
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None  # opened by start()
            os.set_blocking(stream.fileno(), False)
            selector.register(stream.fileno(), selectors.EVENT_READ)
        os.set_blocking(self.result_fd, False)
        selector.register(self.result_fd, selectors.EVENT_READ)

    def _loop(self, selector: selectors.BaseSelector, reader: FrameReader) -> None:
        next_poll = next_tick = self.started
        while selector.get_map() and self.stopped is None:
            for key, _ in selector.select(POLL_S):
                self._read(selector, key.fd, reader)
            now = time.monotonic()
            if now >= next_poll:
                next_poll = now + POLL_S
                self._check_limits(now)
            if self.on_tick and now >= next_tick:
                next_tick = now + TICK_S
                self.on_tick(now - self.started)

    def _read(self, selector: selectors.BaseSelector, fd: int, reader: FrameReader) -> None:
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            selector.unregister(fd)
        elif fd == self.result_fd:
            try:
                for kind, body in reader.feed(data):
                    self._take(kind, body)
            except FrameError as error:
                self.stopped = self._forged(str(error))
        else:
            self._take_output(data, is_error=self.process.stderr is not None and fd == self.process.stderr.fileno())

    def _take(self, kind: str, body: dict[str, object]) -> None:
        if not self.ready:
            # Only the launcher writes before this frame, so it is the one thing that tells its failures from the
            # model's.
            self.ready = kind == "ready"
            self.launch_error = "" if self.ready else plain_text(str(body.get("message", kind)))
            return
        body = plain_body(kind, body)
        if kind != "progress":
            self.frames.append((kind, body))
            # The largest moment is often just before a result; do not wait for the next poll to see it.
            self._sample()
        if self.on_frame:
            self.on_frame(kind, body)

    def _take_output(self, data: bytes, *, is_error: bool) -> None:
        self.output_bytes += len(data)
        if is_error:
            self.stderr_tail = (self.stderr_tail + data)[-STDERR_TAIL_BYTES:]
        if self.output_bytes > self.limits.output_bytes:
            allowed = self.limits.output_bytes // 1024
            self.stopped = Verdict(
                "misbehaved",
                "output_flood",
                f"The model printed more than {allowed} KiB. Take prints out of its forward pass.",
            )

    @property
    def _above(self) -> int:
        """The process below which everything is that this run uses."""
        return self.process.pid

    def _sample(self) -> processes.Usage:
        used = processes.usage(processes.descendants(self._above), self.limits.memory_bytes)
        self.peak_rss_bytes = max(self.peak_rss_bytes, used.peak_bytes)
        self.cpu_s = max(self.cpu_s, used.cpu_s - self.cpu_before_s)
        return used

    def _check_limits(self, now: float) -> None:
        used = self._sample()
        if used.resident_bytes > self.limits.memory_bytes:
            self.peak_rss_bytes = max(self.peak_rss_bytes, used.resident_bytes)
            self.stopped = self._out_of_memory()
        elif now - self.started > self.limits.wall_s:
            self.stopped = self._timed_out()
        elif self.limits.budget is not None and self.limits.budget.left_s < 0:
            self.stopped = _over_budget(self.limits.budget.seconds)
        elif used.processes > MAX_PROCESSES or used.threads > self.limits.threads + MAX_PROCESSES:
            self.stopped = Verdict(
                "misbehaved",
                "too_many_processes",
                "The model tried to start processes or many threads, which it may not.",
            )

    def _end(self, ended_by_itself: bool) -> int:
        """Kill what still runs, reap the helper, close the pipes. Returns the helper's wait status."""
        if not ended_by_itself or self._left_something():
            processes.kill_below(self.process.pid)
        status = self._wait(5.0)
        if status is None:
            processes.kill(self.process.pid)
            status = self._wait(None) or 0
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                _close(stream)
        os.close(self.result_fd)
        return status

    def _left_something(self) -> bool:
        # After an ordinary end all pipes are closed and the group is gone; give the helper a moment to notice that.
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            if not processes.descendants(self.process.pid):
                return False
            time.sleep(0.002)
        return True

    def _wait(self, within_s: float | None) -> int | None:
        deadline = None if within_s is None else time.monotonic() + within_s
        while True:
            pid, status, rusage = os.wait4(self.process.pid, 0 if deadline is None else os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                # bwrap does not wait for what it starts, so its own count can be less than what was seen.
                self.cpu_s = max(self.cpu_s, rusage.ru_utime + rusage.ru_stime - self.cpu_before_s)
                return status
            if deadline is not None and time.monotonic() > deadline:
                return None
            time.sleep(0.002)

    def _result(self, status: int, *, is_cut: bool) -> SandboxResult:
        code = os.waitstatus_to_exitcode(status)
        # Every helper (bwrap, ours) hands on the death of its child by a signal as 128 + signal, as a shell does.
        inner_signal = code - 128 if code > 128 else None
        verdict = self.stopped or self._verdict(code, inner_signal)
        if is_cut and verdict.ended == "ok":
            # Whoever was killed while it wrote is judged by that; one that ended well has written half a frame on purpose.
            verdict = self._forged("A frame was cut short.")
        return SandboxResult(
            ended=verdict.ended,
            code=verdict.code,
            message=verdict.message,
            frames=tuple(self.frames),
            exit_code=code if code >= 0 and inner_signal is None else None,
            signal=inner_signal if code >= 0 else -code,
            stderr_tail=self._stderr(),
            wall_s=time.monotonic() - self.started,
            cpu_s=self.cpu_s,
            peak_rss_bytes=self.peak_rss_bytes,
            isolation=self.isolation,
        )

    def _stderr(self) -> str:
        return plain_text(self.stderr_tail.decode("utf-8", "replace"), STDERR_TAIL_BYTES)

    def _verdict(self, code: int, inner_signal: int | None) -> Verdict:
        if not self.ready:
            reason = self.launch_error or self._stderr().strip()[-300:] or f"exit status {code}"
            return Verdict("infrastructure", "sandbox_failed", f"The sandbox did not start: {reason}")
        if code < 0:
            return self._killed_from_outside()
        if inner_signal is not None:
            return self._signal_verdict(inner_signal)
        if code != 0:
            return Verdict(
                "crashed",
                "crashed_exit",
                f"The model ended the measuring process (exit status {code}) before a result was there.",
            )
        return Verdict("ok", "", "")

    def _signal_verdict(self, number: int) -> Verdict:
        if number == signal.SIGXCPU:
            return self._out_of_cpu()
        if number == signal.SIGKILL and self.cpu_s >= self.limits.cpu_s:
            return self._out_of_cpu()  # it had ignored the signal that comes first
        if number == signal.SIGKILL:
            # Nothing inside can send it; what is left is the kernel short of memory, or somebody on this machine.
            near = self.peak_rss_bytes > NEAR_LIMIT * self.limits.memory_bytes
            return self._out_of_memory() if near else self._killed_from_outside()
        if number in FROM_OUTSIDE:
            return self._killed_from_outside()  # an engine or a machine that is shut down
        if number == signal.SIGABRT and (b"bad_alloc" in self.stderr_tail or b"memory" in self.stderr_tail):
            return self._out_of_memory()
        if number == signal.SIGSYS:
            return Verdict(
                "misbehaved", "forbidden_call", "The model made a system call that no model needs and was stopped."
            )
        name = _signal_name(number)
        return Verdict(
            "crashed",
            "crashed_signal",
            f"The runtime crashed on this model ({name}). The file may be damaged or ask for something the runtime "
            "cannot do; export it again and try it on your own machine first.",
        )

    def _timed_out(self) -> Verdict:
        message = f"The model was still running after {self.limits.wall_s:g} s, the time allowed here."
        return Verdict("timed_out", "timed_out", message)

    def _out_of_cpu(self) -> Verdict:
        message = f"The model used more than {self.limits.cpu_s} s of processor time, which is all it gets here."
        return Verdict("timed_out", "timed_out", message)

    def _out_of_memory(self) -> Verdict:
        allowed = self.limits.memory_bytes // (1 << 20)
        return Verdict(
            "out_of_memory", "out_of_memory", f"The model needed more than the {allowed} MiB of memory allowed here."
        )

    def _forged(self, detail: str) -> Verdict:
        return Verdict(
            "misbehaved", "forged_result", f"Something other than the harness wrote to its result channel. {detail}"
        )

    def _killed_from_outside(self) -> Verdict:
        return Verdict(
            "infrastructure", "killed_from_outside", "The measuring process was killed from outside on our machine."
        )


def _over_budget(seconds: float) -> Verdict:
    message = (
        f"Checking and timing this model took more than {seconds:g} s together, which is all that a file gets here."
    )
    return Verdict("timed_out", "timed_out", f"{message} Make the model or its input smaller.")


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    known = {"SIGSEGV": "segmentation fault", "SIGABRT": "aborted", "SIGFPE": "division by zero", "SIGBUS": "bus error"}
    return f"{known[name]}, {name}" if name in known else name


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stream.close()


def start(
    argv: list[str],
    env: dict[str, str],
    order: bytes,
    result_fd: int,
    extra_fds: tuple[int, ...] = (),
    *,
    more: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a helper in a session of its own, with the order on its standard input, or the first of it where ``more``
    comes later. Raises OSError.
    """
    process = subprocess.Popen(
        argv,
        cwd="/",  # Python 3.10 and older look for modules in the folder where they are started
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(result_fd, *extra_fds),
        start_new_session=True,
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # a helper that has failed already is reported by its exit
        process.stdin.write(order)
        process.stdin.flush()
        if not more:
            process.stdin.close()
    return process
