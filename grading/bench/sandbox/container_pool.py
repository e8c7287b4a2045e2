"""Containers that wait, so that a submission does not pay for their start. Each serves one run and is removed.

New ones are made only while nothing has run for a moment: starting them beside a timed run would disturb it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping

from grading.bench.sandbox.container_waiting import Waiting
from hardware.ondevice.sandbox.request import SandboxError

QUIET_S = 1.0
RETRY_S = 30.0
# One submission's: a look into the file, then three timed processes; PyTorch's formats are timed in one.
SIZES: Mapping[str, int] = {"onnxruntime": 4, "litert": 4, "torch": 2}


class Pool:
    """Waiting containers by family. ``make`` starts one; it raises SandboxError where it cannot."""

    def __init__(self, make: Callable[[str], Waiting], sizes: Mapping[str, int]) -> None:
        self._make, self._sizes = make, sizes
        self._ready: dict[str, deque[Waiting]] = {family: deque() for family in sizes}
        self._changed = threading.Condition()
        self._running, self._quiet_since = 0, 0.0
        self._not_before = dict.fromkeys(sizes, 0.0)
        self._closed = False
        self._thread = threading.Thread(target=self._fill, name="containers", daemon=True)
        self._thread.start()

    def take(self, family: str) -> Waiting | None:
        """One that waits, and is still there; None where none does."""
        while True:
            with self._changed:
                waiting = self._ready[family].popleft() if self._ready.get(family) else None
            if waiting is None or _lives(waiting):
                return waiting
            with contextlib.suppress(SandboxError):
                waiting.remove()

    def drop(self, ended: Container[str]) -> None:
        """Remove those that wait no more, by their ids. Raises SandboxError."""
        with self._changed:
            gone = [waiting for ready in self._ready.values() for waiting in ready if waiting.id in ended]
            for family, ready in self._ready.items():
                self._ready[family] = deque(waiting for waiting in ready if waiting.id not in ended)
            self._changed.notify_all()
        for waiting in gone:
            waiting.remove()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """While something runs: nothing is started beside it."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._quiet_since = time.monotonic()
                self._changed.notify_all()

    def full(self, within_s: float) -> bool:
        """Wait until all are there. For measurements and tests; returns whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._lacking() is None, within_s)

    def close(self) -> None:
        """Remove all that wait, and start no more. Raises SandboxError."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            left = [waiting for ready in self._ready.values() for waiting in ready]
            for ready in self._ready.values():
                ready.clear()
        for waiting in left:
            waiting.remove()
        self._thread.join(timeout=RETRY_S)

    def _lacking(self) -> str | None:
        """The family whose turn it is: fewest waiting first among those that lack one, None where all are there."""
        lacking = [family for family, size in self._sizes.items() if len(self._ready[family]) < size]
        return min(lacking, key=lambda family: (self._not_before[family], len(self._ready[family])), default=None)

    def _next(self) -> str | None:
        """The family of which one should be made now; None to end."""
        with self._changed:
            while not self._closed:
                family = self._lacking()
                if family is None or self._running:
                    self._changed.wait()
                    continue
                rest = max(self._quiet_since + QUIET_S, self._not_before[family]) - time.monotonic()
                if rest <= 0:
                    return family
                self._changed.wait(rest)
        return None

    def _fill(self) -> None:
        while (family := self._next()) is not None:
            try:
                waiting = self._make(family)
                waiting.until_ready()
            except SandboxError:
                # No image, or an engine that is away: whoever needs one is told so by the run itself.
                self._not_before[family] = time.monotonic() + RETRY_S
                continue
            with self._changed:
                if not self._closed:
                    self._ready[family].append(waiting)
                    self._changed.notify_all()
                    continue
            with contextlib.suppress(SandboxError):
                waiting.remove()


def _lives(waiting: Waiting) -> bool:
    try:
        return waiting.engine.state(waiting.id).status == "running"
    except SandboxError:
        return False
