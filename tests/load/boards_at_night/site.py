"""The site as a deployment on PostgreSQL and Redis, and this program as one more process of it: rows are read and people act by the site's own code."""

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.journeys.deployment import Deployment
from tests.journeys.world import fetch, wait_for

AWAY_S, ASKED_S, BACK_S = 8.0, 15.0, 400.0


class Site(Deployment):
    """`quiet`: held by whoever needs the site to stay for a moment, and by a restart."""

    def __init__(self, folder: Path, *hosts: str) -> None:
        super().__init__(folder)
        self.env |= {"ALLOWED_HOSTS": ",".join(("127.0.0.1", *hosts)), "API_PER_MINUTE": "100000"}
        # Three boards and the site share the processors: a golden model of 0.04 ms drifts by half beside them, which says nothing of faults.
        self.env["BOARD_REPEATS_PERCENT"] = "1000"
        self.quiet = threading.Lock()

    def join(self) -> None:
        """From here on this process has the site's settings and its database."""
        os.environ |= self.env
        import django

        django.setup()

    def restart(self, *, hard: bool) -> None:
        """All of it goes, with -9 or asked to, and comes back after some seconds."""
        names = list(self.processes)
        with self.quiet:
            for process in [] if hard else list(self.processes.values()):
                os.killpg(process.pid, signal.SIGTERM)
            end = time.monotonic() + ASKED_S
            while (
                not hard
                and time.monotonic() < end
                and any(process.poll() is None for process in self.processes.values())
            ):
                time.sleep(0.2)
            for name in names:
                self.kill(name)
            time.sleep(AWAY_S)
            for name in names:
                self.start(name)
            wait_for(lambda: fetch(f"{self.url}/healthz")[0] == 200, BACK_S, "the site is back")

    def kill(self, name: str) -> None:
        with suppress(ProcessLookupError):  # it has ended as it was asked to
            super().kill(name)
            return
        self.processes.pop(name, None)


@contextmanager
def own_connection():
    """For a thread: its connection to the database ends with it."""
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()
