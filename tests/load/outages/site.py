"""The site as a deployment on machines of its own: web, ordinary worker, beat and bench workers, each started again when it ends, as
Docker does.

Files lie in an object store. Workers of `HOST_OF` run on hosts of their own: a network namespace whose link can be cut, a host name, a DATA_DIR.
`CLOCK_OF` names whose clock can be set: `workers` is that of one ordinary worker and of beat, `bench0` and `web` their own.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import ClassVar

import psycopg2

from tests.journeys.deployment import Deployment
from tests.journeys.world import fetch, wait_for
from tests.load.network import Network
from tests.load.outages.machines import FAKETIME, SLEEPS, Broker, Cluster, Disk, Store
from tests.parts import ROOT

BENCHES = ("bench0", "bench1")
AGAIN_AFTER_S = 1.0
# What a shell does with a name and a command: it is a host of that name from here on.
AS_HOST = ["unshare", "--uts", "sh", "-c", 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"']


class FaultedSite(Deployment):
    """`quiet`: names that are meant to be away, which nobody starts again."""

    NAMES: tuple[str, ...] = ("web", "ordinary0", "beat", *BENCHES, "ordinary1")
    HOST_OF: ClassVar[dict[str, int]] = {"bench1": 1, "ordinary1": 1}
    CLOCK_OF: ClassVar[dict[str, str]] = {
        "ordinary0": "workers", "beat": "workers", "beat2": "workers", "bench0": "bench0", "web": "web",
        "ordinary1": "ordinary1",
    }  # fmt: skip

    def __init__(self, folder: Path, network: Network, disk_mib: int = 400) -> None:
        """network: one that has begun, for this site alone."""
        self.network, at = network, network.site
        self.cluster, self.broker, self.store = Cluster(at), Broker(folder / "broker", at), Store(at)
        self.disk = Disk(folder / "disk", disk_mib)
        super().__init__(folder, postgres=self.cluster.url, redis=self.broker.url)
        self.spaces = {n: network.add(n) for n in sorted(set(self.HOST_OF.values()))}
        self.points, sleeps = folder / "points", folder / "sleeps"
        for made in (self.points, sleeps, folder / "clocks"):
            made.mkdir()
        (sleeps / "sitecustomize.py").write_text(SLEEPS)
        self.env |= self.store.env | {
            "DATA_DIR": str(self.disk.folder / "data"), "STATIC_ROOT": str(folder / "static"), "DEMO": "0", "POINTS": str(self.points),
            "BENCH_ISOLATION": "limits", "EMAIL_URL": f"filemail:///{folder}/mail", "SLEEPS": str(sleeps),
        }  # fmt: skip
        for clock in set(self.CLOCK_OF.values()):
            self.set_clock(clock, 0)
        self.quiet: set[str] = set()
        self.ended: list[tuple[str, int, float]] = []  # name, exit code, when: what ended by itself
        self._is_over = threading.Event()

    def set_clock(self, host: str, ahead_s: int) -> None:
        (self.folder / "clocks" / host).write_text(f"{ahead_s:+d}\n")

    def command(self, name: str) -> list[str]:
        if name == "web":
            return [
                sys.executable, "-m", "gunicorn", "tests.load.outages.web_points", "--bind", f"127.0.0.1:{self.port}", "--threads", "8",
                "--worker-class", "courseplatform.core.web_worker.PatientWorker", "--no-control-socket", "--timeout", "120",
            ]  # fmt: skip
        if name.startswith("ordinary"):
            return self.on_host(name, self.celery("ordinary", name, "-I", "tests.load.outages.ordinary_points"))
        if name.startswith("beat"):
            celery = [sys.executable, "-m", "celery", "-A", "courseplatform.celery", "beat", "--pidfile", ""]
            return [*celery, "-s", str(self.folder / name), "--loglevel", "WARNING"]
        return self.on_host(
            name, self.celery("bench", name, "-I", "grading.bench_tasks,tests.load.outages.bench_points")
        )

    def on_host(self, name: str, command: list[str]) -> list[str]:
        if name not in self.HOST_OF:
            return command
        host = self.HOST_OF[name]
        return ["nsenter", f"--net={self.spaces[host]}", *AS_HOST, f"host{host}", *command]

    def data_dir(self, name: str) -> Path:
        host = self.HOST_OF.get(name)
        return self.disk.folder / "data" if host is None else self.folder / f"host{host}" / "data"

    def env_of(self, name: str) -> dict[str, str]:
        env = self.env | {"DATA_DIR": str(self.data_dir(name))}
        if clock := self.CLOCK_OF.get(name):
            env |= {
                "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clocks" / clock), "FAKETIME_CACHE_DURATION": "1",
                "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": f"{self.env['SLEEPS']}:{ROOT}",
            }  # fmt: skip
        return env

    def bring_up(self, *, students: int = 10, attempts: int = 25, due_in_s: int = 3600) -> list[str]:
        """Returns the cookies of the students."""
        for data in {self.disk.folder / "data", *map(self.data_dir, self.NAMES)}:
            data.mkdir(parents=True)
        self.manage("migrate", "-v0")
        self.manage("prepare_store")
        self.manage("collectstatic", "-v0", "--noinput")
        made = [sys.executable, "-m", "tests.load.outages.world_made", *map(str, (students, attempts, due_in_s))]
        done = subprocess.run(made, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        shutil.rmtree(self.disk.folder / "data" / "hidden")
        for name in self.NAMES:
            self.start(name)
        wait_for(self.is_well, 300, "health")  # a machine that is busy takes its time
        threading.Thread(target=self._keep_up, daemon=True).start()
        return list(json.loads(done.stdout.splitlines()[-1]))

    def is_well(self) -> bool:
        return fetch(f"{self.url}/healthz")[0] == 200

    def _keep_up(self) -> None:
        while not self._is_over.wait(0.2):
            for name, process in list(self.processes.items()):
                if name not in self.quiet and process.poll() is not None:
                    if process.returncode != -9:
                        self.ended.append((name, process.returncode, time.time()))
                    if not self._is_over.wait(AGAIN_AFTER_S):
                        self.start(name)

    def kill(self, name: str) -> None:
        """With -9; who keeps the site up starts it again."""
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, 9)
        with suppress(subprocess.TimeoutExpired):
            self.processes[name].wait(timeout=10)

    def write(self, sql: str) -> None:
        with closing(psycopg2.connect(self.database_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def name_of(self, pid: int) -> str:
        """Of the process with this id, or whose child it is."""
        for name, process in list(self.processes.items()):
            with suppress(OSError):
                if pid == process.pid or os.getpgid(pid) == process.pid:
                    return name
        return ""

    def caught(self, point: str, within_s: float) -> tuple[str, str] | None:
        """Ask for a point; (name of the process, what it had in its hands) once one waits there. None: nobody came."""
        (self.points / point).write_text("")
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for found in self.points.glob(f"{point}.*"):
                pid, more = found.name.split(".", 2)[1:]
                found.unlink()
                return self.name_of(int(pid)), more
            time.sleep(0.02)
        (self.points / point).unlink(missing_ok=True)
        for found in self.points.glob(f"{point}.*"):  # it came at the last moment
            pid, more = found.name.split(".", 2)[1:]
            found.unlink()
            return self.name_of(int(pid)), more
        return None

    def tasks(self, *names: str) -> list[tuple[float, str]]:
        """(when by its own clock, task) of every task that these processes began, since each was started last."""
        pids = {self.processes[name].pid for name in names}
        lines = [line.split() for notes in self.points.glob("tasks.*") for line in notes.read_text().splitlines()]
        return [(float(at), task) for at, pid, task in lines if int(pid) in pids]

    def processes_left(self) -> dict[int, str]:
        """Everything that this site started and that still lives, by its folder in what it was called with."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if str(self.folder).encode() in words and int(entry.name) != os.getpid():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:120]
        return found

    def end_processes(self) -> None:
        self._is_over.set()
        time.sleep(0.3)
        for name in list(self.processes):
            self.kill(name)

    def stop(self) -> None:
        self.end_processes()
        self.store.close()
        self.cluster.close()
        self.broker.close()
        self.disk.close()
