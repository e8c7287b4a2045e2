"""The site as a deployment on PostgreSQL and Redis, and this program as one more process of it: rows are read and people act by the site's own code."""

import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.deployment import Deployment
from tests.journeys.world import fetch, wait_for

AWAY_S = 8.0


class Site(Deployment):
    """`quiet`: held by whoever needs the site to stay for a moment, and by a restart."""

    def __init__(self, folder: Path, *hosts: str) -> None:
        super().__init__(folder)
        self.env |= {"ALLOWED_HOSTS": ",".join(("127.0.0.1", *hosts)), "API_PER_MINUTE": "100000"}
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
            for name in names:
                if hard:
                    self.kill(name)
                else:
                    self.ask_to_end(name)
            time.sleep(AWAY_S)
            for name in names:
                self.start(name)
            wait_for(lambda: fetch(f"{self.url}/healthz")[0] == 200, 120, "the site is back")

    def ask_to_end(self, name: str) -> None:
        process = self.processes[name]
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
            self.processes.pop(name)
        except subprocess.TimeoutExpired:
            self.kill(name)


@contextmanager
def own_connection():
    """For a thread: its connection to the database ends with it."""
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()
