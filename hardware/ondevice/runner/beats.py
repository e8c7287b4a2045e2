"""Tell the site every few seconds that a job goes on, and hear whether it should."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from hardware.ondevice.runner.client import Backoff, Client
from hardware.ondevice.runner.logs import LogPusher
from hardware.ondevice.runner.progress import CANCEL, LOST, REVOKED, Progress
from hardware.ondevice.runner.state import Machine
from hardware.ondevice.runner.words import LeaseLost, Revoked, RunnerError, Unreachable

JOIN_S = 2.0


class Leased(Protocol):
    """What is leased."""

    @property
    def lease(self) -> str: ...

    @property
    def attempt(self) -> int: ...


class Beats:
    """A thread, as ``with``. While the site cannot be reached, the job goes on and the beats are tried more often."""

    def __init__(
        self,
        client: Client,
        job: Leased,
        beat_s: float,
        progress: Progress,
        machine: Machine,
        logs: LogPusher | None,
        say: Callable[[str], None],
        backoff: Backoff,
    ) -> None:
        self._client, self._job, self._beat_s, self._progress = client, job, beat_s, progress
        self._machine, self._logs, self._say, self._backoff = machine, logs, say, backoff
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def __enter__(self) -> Beats:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(JOIN_S)  # a call that hangs may go on; it changes nothing any more

    def _run(self) -> None:
        pause = self._beat_s
        while not self._end.wait(pause):
            pause = self._beat_s
            try:
                self._beat()
                self._backoff.reset()
                if self._logs is not None:
                    self._logs.push()
            except Unreachable as error:
                pause = min(self._backoff.next_s(), self._beat_s)
                self._say(f"The site cannot be reached ({error}); the job goes on.")
            except LeaseLost:
                self._progress.stop(LOST)
                return
            except Revoked as error:
                self._progress.for_good = error.for_good
                self._progress.stop(REVOKED)
                return
            except RunnerError as error:
                self._say(f"A beat was refused: {error}")

    def _beat(self) -> None:
        progress = self._progress
        body = {
            "attempt": self._job.attempt,
            "phase": progress.phase,
            "done": progress.done,
            "total": progress.total,
            "state": self._machine.state(progress.phase),
        }
        if self._client.beat(self._job.lease, body) == CANCEL:
            progress.stop(CANCEL)
