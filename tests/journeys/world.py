"""One embedded world for tests: `manage.py up` in a throw-away data directory, as a person would start it."""

import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.parts import ROOT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    """Poll until `condition` gives something true; fail with what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def fetch(url: str) -> tuple[int, str]:
    """Status and text of a page; (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def started_by(pid: int, parent: int) -> bool:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == parent
    except OSError:
        return False  # gone


class World:
    """A running `manage.py up`."""

    def __init__(self, data_dir: Path, **env: str) -> None:
        self.data_dir, self.port = data_dir, free_port()
        self.log = data_dir.parent / f"{data_dir.name}-up.log"
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "BROKER_URL")
        } | {
            "COUNT_INSTRUCTIONS": "0"
        }  # a journey waits until nothing is in line; the counts of the demo alone take minutes
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                env=clean | {"DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | env, start_new_session=True,
            )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        return fetch(self.url + path)

    def wait_healthy(self, seconds: float = 180) -> None:
        """How long a test waits before it calls the site broken, not how soon it comes up."""

        def healthy():
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            return self.get("/healthz")[0] == 200

        wait_for(healthy, seconds, "health")

    def is_idle(self) -> bool:
        return not self.rows(
            "select 1 from hardware_job where status not in ('finished', 'parked') and kind <> 'board_demo'"
        )

    def rows(self, sql: str, *values):
        with closing(
            sqlite3.connect(f"file:{self.data_dir}/milliamp.sqlite3?mode=ro", uri=True, timeout=20)
        ) as database:
            return database.execute(sql, values).fetchall()

    def processes(self) -> dict[int, str]:
        """Everything that this world started, by its data directory in environment or arguments."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                    if str(self.data_dir).encode() in words and int(entry.name) != os.getpid():
                        found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
        return found

    def child(self, *words: str) -> int:
        """The process id of the one child whose command holds all these words: the first one, not what it has forked itself."""
        return min(
            (not started_by(pid, self.process.pid), pid)
            for pid, command in self.processes().items()
            if all(word in command for word in words)
        )[1]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def end(self) -> None:
        """Stop it; nothing of it is left."""
        self.stop()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def demo_world(data_dir: Path, **env: str) -> World:
    """A running world whose demo is measured already: a copy of what the first one to ask has made, for all sessions of the suite.

    How a world comes up from nothing is shown in test_embedded_world.py.
    """
    from tests.settings import SCRATCH  # which changes the environment: not for scripts that only start a world

    shared = SCRATCH.parent if os.environ.get("MILLIAMP_TEST_DIR") else SCRATCH
    made = shared / "demo"
    shared.mkdir(parents=True, exist_ok=True)
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make_demo(shared / "demo-half" / "data").rename(made)
    shutil.copytree(made, data_dir)
    return World(data_dir, **env)


def _make_demo(data_dir: Path) -> Path:
    shutil.rmtree(data_dir.parent, ignore_errors=True)
    data_dir.parent.mkdir()
    world = World(data_dir)
    try:
        world.wait_healthy(300)
        wait_for(lambda: world.rows("select 1 from grading_result limit 1") and world.is_idle(), 300, "the demo")
    finally:
        world.end()
    return data_dir
