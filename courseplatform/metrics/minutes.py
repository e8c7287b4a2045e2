"""The requests of this process, minute by minute, and the thread that writes them.

A request only counts in memory. The thread writes the minutes that are over, once a minute, with a connection of its own: no request
waits for it and none fails by it. Where the database does not take them they are kept and tried again. A process that is killed loses
less than the minute that it was in and the seconds until the last one was written.
"""

import atexit
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from django.db import DatabaseError, InterfaceError, connection

from courseplatform.metrics.durations import bucket_of
from courseplatform.metrics.models import RequestMinute

MINUTE_S = 60
MOST_WAITING = 5 * 60  # rows of an hour without a database; older ones are given up
log = structlog.get_logger(__name__)


@dataclass
class Tally:
    """Requests of one kind in one minute."""

    requests: int = 0
    errors: int = 0
    durations: Counter[int] = field(default_factory=Counter)


class Minutes:
    """Counts of one process. Its lock is held for microseconds, never while the database is asked.

    now: seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.process, self.now = secrets.token_hex(6), now
        self._lock = threading.Lock()
        self._open: dict[tuple[int, str], Tally] = {}
        self._writing = threading.Lock()

    def count(self, kind: str, duration_ms: float, *, failed: bool) -> None:
        minute = int(self.now()) // MINUTE_S
        with self._lock:
            tally = self._open.get((minute, kind))
            if tally is None:
                tally = self._open[minute, kind] = Tally()
            tally.requests += 1
            tally.errors += failed
            tally.durations[bucket_of(duration_ms)] += 1

    def write(self, *, all_of_them: bool = False) -> int:
        """Write the minutes that are over (or all, at the end of the process), and forget them. Returns how many rows; raises DatabaseError."""
        with self._writing:
            minute = int(self.now()) // MINUTE_S
            with self._lock:
                keys = [key for key in self._open if all_of_them or key[0] < minute]
                rows = [self._row(key, self._open[key]) for key in keys]
            RequestMinute.objects.bulk_create(rows, ignore_conflicts=True)
            with self._lock:
                for key in keys:
                    self._open.pop(key, None)
            return len(rows)

    def give_up_oldest(self) -> None:
        with self._lock:
            for key in sorted(self._open)[:-MOST_WAITING]:
                del self._open[key]

    def _row(self, key: tuple[int, str], tally: Tally) -> RequestMinute:
        return RequestMinute(
            at=datetime.fromtimestamp(key[0] * MINUTE_S, UTC), process=self.process, kind=key[1], requests=tally.requests,
            errors=tally.errors, durations={str(index): number for index, number in tally.durations.items()},
        )  # fmt: skip


class _Here:
    """The counts of this process. A forked child begins with its own."""

    pid = 0
    minutes = Minutes()


def here() -> Minutes:
    if _Here.pid != os.getpid():
        _Here.pid, _Here.minutes = os.getpid(), Minutes()
    return _Here.minutes


def start_writing() -> None:
    """In a web process, once it is the one that serves: a thread writes each minute, and what is left at the end."""
    threading.Thread(target=_write_for_ever, name="request-minutes", daemon=True).start()
    atexit.register(_write_once, all_of_them=True)


def _write_for_ever() -> None:
    # Processes that started together do not write in the same instant.
    within_s = 1 + secrets.randbelow(5000) / 1000
    while True:
        time.sleep(MINUTE_S - time.time() % MINUTE_S + within_s)
        _write_once()


def _write_once(*, all_of_them: bool = False) -> None:
    try:
        here().write(all_of_them=all_of_them)
    except (DatabaseError, InterfaceError, OSError) as error:
        here().give_up_oldest()
        log.warning("request_minutes_kept", why=type(error).__name__)
    finally:
        connection.close()
