"""What waits for the workers, by kind: one registry for the status page, the metrics and the alerts.

An app that has work in line registers one reader for each kind when it is ready; core knows none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class LineNow:
    """One kind of work at this moment.

    Attributes:
        kind: a stable name for metrics, as `live_runs`.
        title: the same for people, as "Live runs".
        waiting: how many could begin and have not.
        oldest_s: for how many seconds the oldest of them has waited; None where nothing waits.
        running: how many are being worked on.
        held_back: nothing of it runs while other work waits, on purpose; its age is then no fault.
        slow_after_s: an oldest wait beyond this many seconds is slow.
    """

    kind: str
    title: str
    waiting: int
    oldest_s: float | None
    running: int
    slow_after_s: float
    held_back: bool = False

    @property
    def is_slow(self) -> bool:
        return not self.held_back and self.oldest_s is not None and self.oldest_s > self.slow_after_s


_readers: dict[str, Callable[[], LineNow]] = {}


def add_line(kind: str, read: Callable[[], LineNow]) -> None:
    """`read` asks the database at most twice."""
    _readers[kind] = read


def lines_now() -> list[LineNow]:
    """Each registered kind, in the order in which they were registered."""
    return [read() for read in _readers.values()]
