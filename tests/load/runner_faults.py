"""Three agents against a whole site while everything around them fails: is each job ended once, and how long does a job wait for a dead board?

python -m tests.load.runner_faults [JOBS]

Real processes: `manage.py up`, and the agent's one file three times, each behind a line that can be cut. Agents are killed with -9 and started
anew, lines are cut, the site is stopped and started, and a late word of a killed agent may come at any time. Prints a table; exit code 1 where
a job is lost or was ended twice.
"""

import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.journeys.world import World, wait_for
from tests.load.line_workers import scratch_folder
from tests.parts import ROOT

AGENTS, EVERY_S, CUT_S, SITE_AWAY_S = 3, 4.0, 12.0, 8.0
FAULTS = ("kill an agent", "kill an agent", "cut a line", "kill an agent", "restart the site")
MOST_RECOVERY_S = 90.0

# Run inside the site's own project, with its database: nothing here is the protocol's.
PREPARE = """
from courseplatform.accounts.models import User
from courseplatform.courses.access import visit_of
from hardware.runners.enrolling import runner_add
helen = User.objects.get(email__startswith="helen")
for n in range({agents}):
    runner, code = runner_add(visit=visit_of(helen, "demo"), name=f"board-{{n}}", device="rpi-4-4gb")
    print("CODE", code)
"""
ENQUEUE = """
import hashlib
from django.core.files.base import ContentFile
from courseplatform.courses.models import Course
from hardware import leases
from hardware.models import BoardFile, BoardJob, Priority, Purpose
from hardware.runners.health import FOLDER, LIMITS, SHAPE
data = (FOLDER / "golden-1.onnx").read_bytes()
step = {{"name": "window 1", "entry": "hardware.ondevice.harness", "files": ["model"], "limits": LIMITS,
        "args": ["--model", "{{inputs}}/model", "--format", "onnx", "--seed", "1", "--input-shape", SHAPE]}}
plan = {{"steps": [step], "cool_below_c": None, "cool_wait_s": 0, "reference": None, "idle_s": 0, "needs_memory_limit": False}}
for n in range({jobs}):
    job = leases.job_enqueue(BoardJob, kind="board_run", owner_key=f"person:{{n % 7}}", priority=Priority.LIVE, purpose=Purpose.MEASURE,
                             title=f"job {{n}}", course=Course.objects.get(slug="demo"), device="rpi-4-4gb", runtime="onnx", plan=plan)
    row = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    row.file.save("model", ContentFile(data), save=False)
    row.save()
"""


class Line:
    """What an agent reaches the site through. While it is cut, nothing passes and nobody answers."""

    def __init__(self, port: int) -> None:
        self.target, self.is_cut = port, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, seconds: float) -> None:
        self.is_cut = True
        for one in list(self._open):
            with suppress(OSError):
                one.close()
        threading.Timer(seconds, lambda: setattr(self, "is_cut", False)).start()

    def _serve(self) -> None:
        while True:
            near, _ = self.listener.accept()
            try:
                if self.is_cut:
                    raise OSError
                far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            except OSError:
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                self._open.add(source)
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for one in (source, sink):
            self._open.discard(one)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Board:
    """One agent in a folder of its own. started: when it was begun again last, by its kills: [(moment, what it held)]."""

    def __init__(self, file: Path, folder: Path, line: Line) -> None:
        self.file, self.folder, self.line, self.process = file, folder, line, None

    def call(self, *words: str) -> list[str]:
        return [sys.executable, str(self.file), *words, "--folder", str(self.folder)]

    def enrol(self, code: str) -> None:
        subprocess.run(
            self.call("enroll", "--site", f"http://127.0.0.1:{self.line.port}", "--code", code),
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        log = (self.folder.parent / f"{self.folder.name}.log").open("ab")
        self.process = subprocess.Popen(self.call("run"), stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        log.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=15)


def on_site(world: World, code: str) -> str:
    env = os.environ | {"DATA_DIR": str(world.data_dir), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell"],
        check=False,
        input=code,
        text=True,
        capture_output=True,
        cwd=ROOT,
        env=env,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def left(world: World) -> int:
    return world.rows("select count(*) from hardware_job where kind = 'board_run' and status != 'finished'")[0][0]


def held_by(world: World, n: int) -> str | None:
    """The job that this board works on now."""
    found = world.rows(
        "select j.id from hardware_job j join hardware_boardjob b on b.job_ptr_id = j.id join hardware_runner r on r.id = b.taken_by_id "
        "where j.kind = 'board_run' and j.status in ('leased', 'running') and r.name = ?", f"board-{n}",
    )  # fmt: skip
    return found[0][0] if found else None


def leased_again_s(world: World, job: str, killed_at: float) -> float | None:
    """Seconds from a kill until somebody took the job anew; None where the killed one had ended it."""
    seconds = "strftime('%s', at) + (strftime('%f', at) - strftime('%S', at))"
    rows = world.rows(f"select {seconds} from hardware_jobmove where subject_id = ? and moved_to = 'leased'", job)
    later = [float(at) for (at,) in rows if float(at) > killed_at]
    return min(later) - killed_at if later else None


def play(jobs: int, folder: Path) -> int:
    chance, world = random.Random(5), World(folder / "data")
    try:
        world.wait_healthy(180)
        boards = set_up(world, folder)
        on_site(world, ENQUEUE.format(jobs=jobs))
        begun, done, kills, waits = time.monotonic(), [], [], []
        while left(world) and time.monotonic() - begun < 60 + jobs * 6:
            time.sleep(EVERY_S)
            what = FAULTS[len(done) % len(FAULTS)]
            n = chance.randrange(AGENTS)
            done.append(what)
            if what == "cut a line":
                boards[n].line.cut(CUT_S)
            elif what == "kill an agent":
                job = held_by(world, n)
                boards[n].kill()
                kills += [(job, time.time())] if job else []
                time.sleep(chance.choice((0.0, 2.0)))
                boards[n].start()
            else:
                world = restarted(world, [board.line for board in boards])
        took_s = time.monotonic() - begun
        waits = [wait for job, at in kills if (wait := leased_again_s(world, job, at)) is not None]
        for board in boards:
            board.stop()
        return told(world, jobs, done, waits, took_s)
    finally:
        world.stop()


def set_up(world: World, folder: Path) -> list[Board]:
    codes = [
        line.split()[1]
        for line in on_site(world, PREPARE.format(agents=AGENTS)).splitlines()
        if line.startswith("CODE")
    ]
    file = folder / "milliamp-runner.pyz"
    subprocess.run(
        [sys.executable, "manage.py", "build_runner", "--out", str(file)], check=True, cwd=ROOT, capture_output=True
    )
    boards = [Board(file, folder / f"board-{n}", Line(world.port)) for n in range(AGENTS)]
    for board, code in zip(boards, codes, strict=True):
        board.enrol(code)
        board.start()
    well = "select count(*) from hardware_runner where health = 'good'"
    wait_for(lambda: world.rows(well)[0][0] == AGENTS, 120, "every board measured its golden model")
    return boards


def restarted(world: World, lines: list[Line]) -> World:
    """The site goes away, and comes back at another port; the agents' lines lead there."""
    world.stop()
    time.sleep(SITE_AWAY_S)
    again = World(world.data_dir)
    for line in lines:
        line.target = again.port
    again.wait_healthy(120)
    return again


def told(world: World, jobs: int, done: list[str], waits: list[float], took_s: float) -> int:
    ends = world.rows(
        "select job_id, count(*) from hardware_boardend where counted group by job_id, attempt having count(*) > 1"
    )
    outcomes = dict(world.rows("select outcome, count(*) from hardware_job where kind = 'board_run' group by outcome"))
    twice = world.rows(
        "select count(*) from (select subject_id from hardware_jobmove m join hardware_job j on j.id = m.subject_id "
        "where j.kind = 'board_run' and m.moved_to = 'finished' group by subject_id having count(*) > 1)"
    )[0][0]
    late = world.rows("select count(*) from hardware_boardend where not counted")[0][0]
    rows = [
        ("jobs in", jobs), ("measured", outcomes.get("measured", 0)), ("ended twice", twice + len(ends)), ("lost", left(world)),
        ("given up", outcomes.get("infrastructure", 0)), ("late words kept", late),
        *((f"times: {what}", done.count(what)) for what in dict.fromkeys(FAULTS)),
        ("taken again after a kill, s: median", f"{statistics.median(waits):.1f}" if waits else "none"),
        ("taken again after a kill, s: most", f"{max(waits):.1f}" if waits else "none"), ("all, s", f"{took_s:.0f}"),
    ]  # fmt: skip
    for name, value in rows:
        print(f"{name:40}{value:>10}")
    is_well = (
        outcomes.get("measured", 0) == jobs and not twice and not ends and (not waits or max(waits) < MOST_RECOVERY_S)
    )
    return int(not is_well)


def main() -> int:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with scratch_folder() as folder:
        return play(jobs, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
