"""What /metrics tells beside the requests: each room registers what it knows, as families of samples read from rows.

A source asks a bounded number of queries, whatever the site has grown to, and is asked at most once in `keep_s` by each process. Counters
come from rows too: they survive every restart, and all web processes say the same.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, InterfaceError
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

KEEP_S = 5.0
log = structlog.get_logger(__name__)
Labels = dict[str, str]


@dataclass(frozen=True)
class Family:
    """One metric with its samples. The names of the labels are those of the first sample, and every sample has the same.

    name: `milliamp_...`, with its unit; of a counter without `_total`.
    """

    name: str
    says: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)
    is_counter: bool = False


Read = Callable[[], Iterable[Family]]


@dataclass
class Source:
    """What one room tells. `needs_database`: it is not even asked while the database does not answer."""

    name: str
    read: Read
    keep_s: float
    needs_database: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: float = float("-inf")
    families: list[Family] = field(default_factory=list)

    def now(self, clock: Callable[[], float] = time.monotonic) -> list[Family]:
        """At most `keep_s` old. Raises what the read raises; then nothing old is told."""
        with self.lock:
            if clock() - self.read_at >= self.keep_s:
                self.families = list(self.read())
                self.read_at = clock()
            return self.families


_sources: dict[str, Source] = {}


def add_source(name: str, read: Read, *, keep_s: float = KEEP_S, needs_database: bool = True) -> None:
    _sources[name] = Source(name, read, keep_s, needs_database)


def value(name: str, says: str, number: float) -> Family:
    """A family of one sample without labels."""
    return Family(name, says, [({}, number)])


def by_label(name: str, says: str, label: str, numbers: dict[str, float]) -> Family:
    return Family(name, says, [({label: key}, number) for key, number in numbers.items()])


def families_now() -> list[Family]:
    """Of every source that answers. One that fails is left out and named by milliamp_source_up; the others are told all the same."""
    found: list[Family] = []
    ups: dict[str, float] = {}
    has_database = True
    for source in _sources.values():
        families = _asked(source) if has_database or not source.needs_database else None
        ups[source.name] = float(families is not None)
        found += families or []
        if source.name == DATABASE:
            has_database = families is not None
            found.append(value("milliamp_database_up", "1: the database answers.", float(has_database)))
    return [*found, by_label("milliamp_source_up", "1: this part of the metrics could be read.", "source", ups)]


def _asked(source: Source) -> list[Family] | None:
    try:
        return source.now()
    except (DatabaseError, InterfaceError, OperationalError, RedisError, OSError) as error:
        log.warning("metrics_source_failed", source=source.name, why=type(error).__name__)
        return None


DATABASE = "database"  # asked first: where it is away nobody waits for it again and again
