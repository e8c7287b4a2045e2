"""What the measuring thread, the beating thread and a signal tell each other about the job in hand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

CANCEL, LOST, REVOKED, STOP, TOO_LONG = "cancel", "lost", "revoked", "stop", "too_long"


class Stopped(Exception):
    """The job is not to go on; ``reason`` is one of the words above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Progress:
    """Where the job is. Whoever wants it to end says so once; the first reason counts. ``for_good`` as in words.Revoked."""

    phase: str = "leased"
    done: int = 0
    total: int = 0
    reason: str = ""
    for_good: bool = False
    _ending: threading.Event = field(default_factory=threading.Event)

    def to(self, phase: str) -> None:
        """A new phase begins. Raises Stopped."""
        self.phase, self.done, self.total = phase, 0, 0
        self.check()

    def load_begins(self) -> None:
        """The model is repeated from now on for whoever reads its power. A job tells nobody; `bench` tells who sits beside it."""

    def stop(self, reason: str) -> None:
        """End the job as soon as it looks."""
        self.reason = self.reason or reason
        self._ending.set()

    def check(self) -> None:
        """Raises Stopped where somebody has said so."""
        if self._ending.is_set():
            raise Stopped(self.reason)

    def wait(self, seconds: float) -> bool:
        """Sleep, unless the job is to end. Returns whether to go on."""
        return not self._ending.wait(max(seconds, 0.0))

    def idle(self, seconds: float) -> None:
        """Sleep all of it. Raises Stopped."""
        self.wait(seconds)
        self.check()
