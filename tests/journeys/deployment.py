"""One production world for tests: web, ordinary worker with beat, and bench workers as processes of their own, on PostgreSQL and Redis.

The same settings as a deployment's, in a database and a Redis number of its own, so that nothing of the machine is touched.
"""

import os
import signal
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import psycopg2

from tests import parts
from tests.journeys.world import fetch, free_port, wait_for
from tests.parts import ROOT

BENCH_WORKERS = 2


class Deployment:
    """Processes by name; `kill` and `start` one of them as a bad night would."""

    def __init__(self, folder: Path, *, postgres: str = parts.POSTGRES, redis: str = parts.REDIS) -> None:
        """postgres: the server's own database, beside which this world makes its own."""
        self.folder, self.port, self.processes, self.postgres = folder, free_port(), {}, postgres
        self.database = f"milliamp_journey_{uuid.uuid4().hex[:12]}"
        self.admin(f'CREATE DATABASE "{self.database}"')
        self.env = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "courseplatform.settings",
            "DATABASE_URL": self.database_url, "BROKER_URL": redis, "SECRET_KEY": uuid.uuid4().hex * 2,
            "ALLOWED_HOSTS": "127.0.0.1", "BEHIND_TLS": "0", "DEMO": "1", "DATA_DIR": str(folder / "data"),
            "LOG_LEVEL": "WARNING", "EMAIL_URL": "consolemail://", "MILLIAMP_BOOT": uuid.uuid4().hex[:8], "COUNT_INSTRUCTIONS": "0",
            "BENCH_ISOLATION": "auto", "BENCH_ALLOW_PROCESS": "1",
        }  # fmt: skip

    @property
    def database_url(self) -> str:
        return f"{self.postgres.rsplit('/', 1)[0]}/{self.database}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def admin(self, sql: str) -> None:
        with closing(psycopg2.connect(self.postgres)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)

    def rows(self, sql: str, *values):
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall()

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def celery(self, queue: str, name: str, *more: str) -> list[str]:
        """The command of a worker."""
        return [
            sys.executable, "-m", "celery", "-A", "courseplatform.celery", "worker", "--pool", "solo", "--without-gossip", "--without-mingle",
            "--loglevel", "WARNING", "-Q", queue, "-n", f"{name}-{self.database}@%h", *more,
        ]  # fmt: skip

    def command(self, name: str) -> list[str]:
        """web, ordinary; any other name is a bench worker."""
        if name == "web":
            return [sys.executable, "-m", "gunicorn", "courseplatform.wsgi", "--bind", f"127.0.0.1:{self.port}", "--threads", "4",
                    "--no-control-socket"]  # fmt: skip
        if name == "ordinary":
            return self.celery("ordinary", name, "-B", "-s", str(self.folder / "beat"))
        return self.celery("bench", name, "-I", "grading.bench_tasks")

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.env_of(name), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def env_of(self, name: str) -> dict[str, str]:
        return self.env

    def bring_up(self) -> None:
        for folder in ("media", "hidden", "incoming"):
            (self.folder / "data" / folder).mkdir(parents=True)
        self.manage("migrate", "-v0")
        self.manage("collectstatic", "-v0", "--noinput")
        self.manage("load_demo", "-v0")
        for name in ("web", "ordinary", *(f"bench{n}" for n in range(BENCH_WORKERS))):
            self.start(name)
        wait_for(lambda: fetch(f"{self.url}/healthz")[0] == 200, 60, "health")

    def kill(self, name: str) -> None:
        """With -9, as the kernel does when memory is short."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait(timeout=10)

    def is_idle(self) -> bool:
        return not self.rows(
            "select 1 from hardware_job where status not in ('finished', 'parked') and kind <> 'board_demo'"
        )

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.admin(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
