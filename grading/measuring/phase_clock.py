"""How long each phase of a run takes, from the calls that say which one it is in: what the page of the next one says is usual."""

import time
from collections.abc import Callable

Progress = Callable[[str, int, int], None]


class PhaseClock:
    """Stands in front of `on_progress`. A phase lasts from its first call to the first of the next one."""

    def __init__(self, on_progress: Progress, now: Callable[[], float] = time.monotonic) -> None:
        self._on_progress, self._now = on_progress, now
        self._phase, self._since = "", now()
        self._seconds: dict[str, float] = {}

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase and phase != self._phase:
            self._turn(phase)
        self._on_progress(phase, done, total)

    def seconds(self) -> dict[str, float]:
        """{phase: seconds}, the present one up to now."""
        self._turn(self._phase)
        return {phase: round(seconds, 2) for phase, seconds in self._seconds.items()}

    def _turn(self, phase: str) -> None:
        now = self._now()
        if self._phase:
            self._seconds[self._phase] = self._seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now
