"""The embedded world in one foreground process: broker, web, workers as children that live and die with it.

A child that dies is started again, with growing pauses. Ctrl-C or SIGTERM stops all in order and within STOP_S; if
this process is killed with -9, the kernel tells the children (PR_SET_PDEATHSIG). No child inherits the terminal's
Ctrl-C: each has its own session.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
STOP_S = 10.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0  # a child that lived this long starts again without a pause


def die_with_parent() -> None:
    """In the child, before exec: when the parent goes, SIGTERM comes."""
    os.setsid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One program to keep alive."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_s: float = 0.5
    output: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.output = self.output or self.log.open("ab", buffering=0)
        self.process = subprocess.Popen(
            self.argv, env=dict(self.env), stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 no thread runs here
        )  # fmt: skip
        self.started_at = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """To the whole group: what a child started goes with it."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return  # nobody left


class Supervisor:
    """Keeps `children` alive until `stop` is called or a signal comes."""

    def __init__(self, children: list[Child], say: Callable[[str], None]) -> None:
        self.children, self.say, self.stopping = children, say, False

    def install_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self.stopping = True

    def start(self, name: str) -> None:
        next(child for child in self.children if child.name == name).start()

    def watch(self, poll_s: float = 0.3) -> None:
        """Returns when a signal has come."""
        while not self.stopping:
            for child in self.children:
                if not child.is_alive():
                    self._revive(child)
            time.sleep(poll_s)

    def _revive(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and not child.start_again_at:
            child.signal(signal.SIGKILL)  # what it left behind
            steady = now - child.started_at > STEADY_S
            child.pause_s = 0.5 if steady else min(child.pause_s * 2, LONGEST_PAUSE_S)
            child.start_again_at = now + child.pause_s
            self.say(
                f"{child.name} ended with {child.process.returncode}; it starts again in {child.pause_s:.0f} s ({child.log})"
            )
        elif child.process is None or now >= child.start_again_at:
            child.start_again_at = 0.0
            child.start()

    def stop(self) -> None:
        """All children, in the order given, gracefully; what is left after STOP_S is killed."""
        self.stopping = True
        end = time.monotonic() + STOP_S
        *others, broker = reversed(self.children)  # the broker goes last: the others still talk to it
        for child in others:
            child.signal(signal.SIGTERM)
        self._wait(others, end - 1.5)
        broker.signal(signal.SIGTERM)
        self._wait([broker], end)
        for child in self.children:
            child.signal(signal.SIGKILL)
            if child.process is not None:
                child.process.wait(timeout=5)

    @staticmethod
    def _wait(children: list[Child], end: float) -> None:
        while time.monotonic() < end and any(child.is_alive() for child in children):
            time.sleep(0.05)
