"""Real worker processes on a real database, whose measuring is a short sleep: everything else is the worker's own code.

They are forked, so that one that is killed has a successor at once. Used by queue_fairness and killed_workers, and reduced by the suite.
"""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

DOCUMENT = {
    "report": {"operators": []}, "host": {}, "metrics": {}, "quality": {}, "points": [], "environment": {}, "earned": "1.00", "of": "7.00",
}  # fmt: skip
TTL_S, BEAT_S = 3.0, 0.5  # a killed worker is given up after seconds, not after twenty


def set_up(database: str, scratch: Path) -> None:
    """A site of its own with an empty database, for a program outside the suite. database: sqlite or a PostgreSQL URL."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "MILLIAMP_TEST_DIR": str(scratch)}
    if database != "sqlite":
        os.environ["MILLIAMP_TEST_DATABASE_URL"] = database
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@contextmanager
def database_of(kind: str):
    """A new SQLite file, or a new PostgreSQL database that is dropped afterwards."""
    if kind == "sqlite":
        yield "sqlite"
        return
    import psycopg2

    from tests.parts import POSTGRES

    name = f"milliamp_line_{os.getpid()}"
    with_admin = psycopg2.connect(POSTGRES)
    with_admin.autocommit = True
    try:
        with with_admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield POSTGRES.rpartition("/")[0] + f"/{name}"
    finally:
        from django.db import connections

        connections.close_all()
        with with_admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        with_admin.close()


def in_processes(figures, kinds) -> int:
    """`figures(kind)` for each kind of database in a process of its own, because settings are read once. Returns an exit code."""
    codes = []
    for kind in kinds:
        process = multiprocessing.get_context("spawn").Process(target=figures, args=(kind,))
        process.start()
        process.join()
        codes.append(process.exitcode)
    return int(any(codes))


def fresh(folder: Path):
    """An empty site with the cast."""
    from django.conf import settings
    from django.core.management import call_command

    from tests.people import make_cast

    settings.DATA_DIR, settings.MEDIA_ROOT = folder / "data", folder / "data" / "media"
    call_command("flush", interactive=False, verbosity=0)
    return make_cast()


class Workers:
    """So many worker processes. Each takes what is next until it is told to stop."""

    def __init__(self, many: int, *, takes_s: float, seed: int = 0) -> None:
        self.takes_s, self.seed, self.started = takes_s, seed, 0
        self.context = multiprocessing.get_context("fork")
        self.stop = self.context.Event()
        self.running = [self._start() for _ in range(many)]

    def _start(self):
        from django.db import connections

        connections.close_all()  # a forked process must not talk on a socket that is ours
        self.started += 1
        process = self.context.Process(target=_work, args=(self.stop, self.takes_s, self.seed + self.started))
        process.start()
        return process

    def kill_one(self, chance: random.Random) -> None:
        """kill -9, wherever it is, and another in its place."""
        victim = self.running.pop(chance.randrange(len(self.running)))
        os.kill(victim.pid, signal.SIGKILL)
        victim.join(timeout=10)
        self.running.append(self._start())

    def end(self) -> None:
        self.stop.set()
        for process in self.running:
            process.join(timeout=30)


def _work(stop, takes_s: float, seed: int) -> None:
    from grading.measuring import bench_ready, measure_run, worker
    from hardware import leases

    chance = random.Random(seed)

    def measure(*, on_progress, **_):
        until = time.monotonic() + takes_s * chance.uniform(0.6, 1.4)
        while (left := until - time.monotonic()) > 0:
            on_progress("accuracy", 0, 0)
            time.sleep(min(left, 0.05))
        return dict(DOCUMENT)

    leases.LEASE_TTL_S, worker.BEAT_S = TTL_S, BEAT_S
    measure_run.measure_run = measure
    bench_ready.sandbox = lambda: SimpleNamespace(name="bubblewrap")
    bench_ready.can_measure = lambda: True
    while not stop.is_set():
        if not worker.work_once(f"bench@load:{os.getpid()}"):
            time.sleep(0.02)


def hand_in_many(cast, person, many: int, folder: Path) -> list:
    """So many different files of one person."""
    from tests.people import hand_in, onnx_like

    return [hand_in(cast, person, onnx_like(folder, more=os.urandom(24))) for _ in range(many)]


def people(cast, many: int) -> list:
    from courseplatform.courses.models import Enrolment, Role
    from tests.people import make_user

    found = [make_user(f"Other{n}") for n in range(many)]
    for person in found:
        Enrolment.objects.create(course=cast.course, person=person, role=Role.STUDENT)
    return found


def wait_until_done(limit_s: float, each=lambda: None) -> None:
    """Until nothing is open; `each` is called ten times a second."""
    from hardware.models import OPEN, Job

    end = time.monotonic() + limit_s
    while Job.objects.filter(status__in=OPEN).exists():
        assert time.monotonic() < end, "the line did not end in time"
        each()
        time.sleep(0.1)


def scratch_folder():
    return tempfile.TemporaryDirectory(prefix="milliamp-line-")
