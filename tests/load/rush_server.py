"""The two worlds that a rush runs against, with their real workers, and what of the processor each part of them has taken."""

import hashlib
import os
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.journeys.deployment import Deployment
from tests.journeys.world import World, wait_for
from tests.load.doors import Door
from tests.parts import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PARTS = ("proxy", "web", "ordinary", "bench", "models", "database", "broker", "store")


class Embedded:
    """`manage.py up`: SQLite, one web process, one ordinary and one bench worker, Valkey."""

    name = "SQLite, embedded"

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "data")
        self.door, self.data_dir, self.env = Door(self.world.port), self.world.data_dir, {}

    def bring_up(self) -> None:
        self.world.wait_healthy(300)
        wait_for(lambda: self.data_dir.joinpath("milliamp.sqlite3").exists() and _is_idle(self.world), 240, "the demo")

    def rows(self, sql: str) -> list[Any]:
        return list(self.world.rows(sql.replace("%s", "?")))

    def digests(self, names: list[str]) -> dict[str, str]:
        return digests(self.data_dir, names)

    def stop(self) -> None:
        self.world.stop()

    def pids(self) -> dict[int, str]:
        return _with_children({pid: _part(command) for pid, command in self.world.processes().items()})


class OnPostgres(Deployment):
    """Web (two processes, sixteen threads each, as the image has it), ordinary and one bench worker on PostgreSQL and Redis."""

    name = "PostgreSQL, Redis"
    BENCH = ("bench0",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data_dir, self.door = folder / "data", Door(self.port)
        self.env |= {"DEMO": "1"}

    def start(self, name: str) -> None:
        if name != "web":
            super().start(name)
            return
        command = [sys.executable, "-m", "gunicorn", "courseplatform.wsgi", "--bind", f"127.0.0.1:{self.port}", "--worker-class",
                   "courseplatform.core.web_worker.PatientWorker", "--workers", "2", "--threads", "16", "--worker-tmp-dir", "/dev/shm",
                   "--no-control-socket"]  # fmt: skip
        with (self.folder / "web.log").open("ab") as output:
            self.processes["web"] = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )  # fmt: skip

    def bring_up(self) -> None:
        super().bring_up()
        wait_for(self.is_idle, 240, "the demo")

    def digests(self, names: list[str]) -> dict[str, str]:
        return digests(self.data_dir, names)

    def pids(self) -> dict[int, str]:
        found = {}
        for pid, command, environ in _all_processes():
            if str(self.data_dir).encode() in environ:
                found[pid] = _part(command)
            elif self.database in command:
                found[pid] = "database"
            elif "redis-server" in command:
                found[pid] = "broker"
        return _with_children(found)


def digests(data_dir: Path, names: list[str]) -> dict[str, str]:
    """The SHA-256 of each of these files of the media, as they lie on the disk."""
    return {name: hashlib.sha256((data_dir / "media" / name).read_bytes()).hexdigest() for name in names}


def world_of(kind: str, folder: Path) -> Any:
    return OnPostgres(folder) if kind == "postgres" else Embedded(folder)


def make_class(world: Any, students: int, seconds: float) -> Path:
    """The class in this world; returns the file with its people."""
    file = Path(world.data_dir) / "class.json"
    env = os.environ | {"DATA_DIR": str(world.data_dir), "PYTHONPATH": str(ROOT)} | world.env
    env.pop("DJANGO_SETTINGS_MODULE", None) if not world.env else None
    subprocess.run(
        [sys.executable, "-m", "tests.load.rush_class", str(seconds), str(students), str(file)],
        cwd=ROOT,
        env=env,
        check=True,
    )
    return file


def _is_idle(world: World) -> bool:
    return bool(world.is_idle()) and bool(world.rows("select 1 from grading_result limit 1"))


def _all_processes() -> list[tuple[int, str, bytes]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(entry.name), command, (entry / "environ").read_bytes()))
            except OSError:
                continue
    return found


def _with_children(found: dict[int, str]) -> dict[int, str]:
    """The sandboxes too, which know nothing of our environment: who descends from the bench worker opens models."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    for _ in range(5):
        found |= {
            pid: "models"
            for pid, parent in parents.items()
            if pid not in found and found.get(parent) in ("bench", "models")
        }
    return found


def _part(command: str) -> str:
    marks = (
        ("gunicorn", "web"),
        ("-Q bench", "bench"),
        ("-Q ordinary", "ordinary"),
        ("valkey", "broker"),
        ("redis", "broker"),
        ("tests.load", "ours"),
    )
    return next((part for mark, part in marks if mark in command), "models")


class Processor(threading.Thread):
    """Seconds of CPU of each part, looked at every second. `models`: the processes in which models are opened and run."""

    def __init__(self, world: Any) -> None:
        super().__init__(daemon=True)
        self.world, self.last, self.first, self.part_of = world, {}, {}, {}
        self.ended, self.begun_at, self.ended_at = threading.Event(), _machine(), (0, 0)
        self.look(is_first=True)

    def look(self, *, is_first: bool = False) -> None:
        for pid, part in self.world.pids().items():
            try:
                words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            self.last[pid], self.part_of[pid] = (int(words[11]) + int(words[12])) / TICKS, part
            if is_first:
                self.first[pid] = self.last[pid]

    def run(self) -> None:
        while not self.ended.wait(1):
            self.look()

    def stop(self) -> None:
        self.ended.set()
        self.join()
        self.look()
        self.ended_at = _machine()

    def busy(self) -> float:
        """The share of all cores that was used meanwhile, by anybody on the machine."""
        every, idle = (end - begin for end, begin in zip(self.ended_at, self.begun_at, strict=True))
        return 1 - idle / max(every, 1)

    def taken_s(self) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for pid, seconds in list(self.last.items()):
            total[self.part_of[pid]] += seconds - self.first.get(pid, 0.0)
        return total


def _machine() -> tuple[int, int]:
    """Ticks of all cores since the machine started, and of them idle ones."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]
