"""Watch the machine while it measures: wait until it is cool, look once a second, say whether a run was held back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.ondevice.runner.state import Machine, Throttling

LOOK_S = 1.0
MOST_SAMPLES = 600
Sample = tuple["float", "float | None", "float | None", "bool | None", "float | None"]


def cool_down(
    machine: Machine, below_c: float | None, most_s: float, wait: Callable[[float], bool], look_s: float = LOOK_S
) -> float:
    """Wait until the processor is colder than ``below_c``, at most ``most_s``. Returns the seconds that were waited.

    ``wait`` sleeps and says whether to go on.
    """
    started = time.monotonic()
    while below_c is not None:
        temperature = machine.temperature_c()
        waited = time.monotonic() - started
        if temperature is None or temperature < below_c or waited >= most_s or not wait(look_s):
            break
    return time.monotonic() - started


@dataclass
class Sampler:
    """A thread that looks at the machine once a second. Use as ``with``.

    ``watts`` gives the newest power, None where there is no sensor.
    """

    machine: Machine
    watts: Callable[[], float | None]
    look_s: float = LOOK_S
    samples: list[Sample] = field(default_factory=list)
    held_back: set[str] = field(default_factory=set)
    before: Throttling | None = None
    after: Throttling | None = None
    _begun: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Sampler:
        self.before, self._begun = self.machine.throttling(), time.monotonic()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._look()
        self.after = self.machine.throttling()

    def _run(self) -> None:
        self._look()
        while not self._stop.wait(self.look_s):
            self._look()

    def _look(self) -> None:
        throttling = self.machine.throttling()
        if throttling is not None:
            self.held_back.update(throttling.now)
        self.samples.append(
            (
                round(time.monotonic() - self._begun, 3),
                self.machine.temperature_c(),
                self.machine.clock_mhz(),
                bool(throttling.now) if throttling else None,
                self.watts(),
            )
        )

    @property
    def verdict(self) -> str:
        """ok, throttled or unknown. What had been so since the start of the machine does not count, a change of it does."""
        if self.held_back:
            return "throttled"
        if self.before is None or self.after is None:
            return "unknown"
        is_new = set(self.after.since_boot) - set(self.before.since_boot)
        return "throttled" if is_new or self.after.count > self.before.count else "ok"

    @property
    def thinned(self) -> list[list[float | bool | None]]:
        """At most 600 samples, evenly spaced, the first and the last among them."""
        count = len(self.samples)
        if count <= MOST_SAMPLES:
            return [list(sample) for sample in self.samples]
        places = [round(place * (count - 1) / (MOST_SAMPLES - 1)) for place in range(MOST_SAMPLES)]
        return [list(self.samples[place]) for place in places]
