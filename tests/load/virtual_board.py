"""A whole board as a virtual machine, Debian 12 with its own kernel and systemd: does the agent hold there what it promises?

    python -m tests.load.virtual_board [amd64] [arm64] [armhf]      amd64 alone where nothing is named

amd64 is user-mode Linux, a kernel as a process of this machine, and shows what kernel and systemd decide: control groups of version 2 handed on
by systemd, limits that hold and limits that are switched off, every isolation, restarts, loss of power, SIGTERM. arm64 and armhf run the same
under QEMU, instruction by instruction emulated, for hours. The first run makes the disk (ten minutes). Prints a row a claim; exit 1 where one
does not hold. States what it skips.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.journeys.world import World
from tests.load import virtual_machine as vm
from tests.load.figures import figure, not_shown, table, words
from tests.load.line_workers import scratch_folder
from tests.parts import ROOT

PROCESSORS = {each.debian: each for each in (vm.AMD64, vm.ARM64, vm.ARMHF)}
FOLDER, UNIT = "/home/pi/.local/share/milliamp-runner", "milliamp-runner"
AGENT = "/home/pi/runner/bin/python /home/pi/milliamp-runner.pyz"
GROUP = f"/sys/fs/cgroup/system.slice/{UNIT}.service"
MOST_RECOVERY_S, DRAINED_S = 90.0, 10.0
# How many times longer everything may take. A machine that is busy with other things is slower yet: then by as much as its first boot was.
PACE = {"amd64": 1.0, "arm64": 12.0, "armhf": 12.0}
BOOT_S, FIRST_BOOT_S = 60.0, 1800.0
USERNS = "kernel.unprivileged_userns_clone"

# Run inside the site's own project, with its database: nothing here is the protocol's.
ADD = """
from courseplatform.accounts.models import User
from courseplatform.courses.access import visit_of
from hardware.runners.enrolling import runner_add
helen = User.objects.get(email__startswith="helen")
print("CODE", runner_add(visit=visit_of(helen, "demo"), name={name!r}, device="rpi-4-4gb")[1])
"""
ENQUEUE = """
import hashlib
from django.core.files.base import ContentFile
from courseplatform.courses.models import Course
from hardware import leases
from hardware.models import BoardFile, BoardJob, Priority, Purpose
from hardware.runners.health import FOLDER, GOLDEN, LIMITS, SHAPE
data = (FOLDER / GOLDEN[{runtime!r}]).read_bytes()
step = {{"name": "window", "entry": "hardware.ondevice.harness", "files": ["model"], "limits": LIMITS | {limits!r},
        "args": ["--model", "{{inputs}}/model", "--format", {runtime!r}, "--seed", "1", "--input-shape", SHAPE]}}
plan = {{"steps": [step | {{"name": f"window {{n}}"}} for n in range({steps})], "cool_below_c": None, "cool_wait_s": 0, "reference": None,
        "idle_s": 0, "needs_memory_limit": {needs!r}}}
job = leases.job_enqueue(BoardJob, kind="board_run", owner_key="person:1", priority=Priority.LIVE, purpose=Purpose.MEASURE,
                         title={title!r}, course=Course.objects.get(slug="demo"), device="rpi-4-4gb", runtime={runtime!r}, plan=plan, wall_s=1800,
                         needs_memory_limit={needs!r})
row = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
row.file.save("model", ContentFile(data), save=False)
row.save()
print("JOB", job.pk)
"""
ENDED = """
import json
from hardware.models import BoardFile
steps = json.load(BoardFile.objects.get(job={job!r}, name="results.json").file)["steps"]
print("; ".join(step["ended"] + ": " + step["message"] for step in steps))
"""
# An emulated board's times are far from even; what a person would do who knows that.
CLEAR = """
from django.utils import timezone
from hardware.models import Health, Runner
from hardware.runners.enrolling import health_set
for runner in Runner.objects.filter(health="bad"):
    health_set(runner, Health.GOOD, by="virtual board", why="", now=timezone.now())
    runner.save(update_fields=["health", "health_why", "health_at"])
"""


def on_site(world: World, code: str) -> str:
    """Run lines of Python inside the site; what they print."""
    env = os.environ | {"DATA_DIR": str(world.data_dir), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "manage.py", "shell"]
    done = subprocess.run(words, check=False, input=code, text=True, capture_output=True, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


class Board:
    """A virtual board and the site that it belongs to."""

    def __init__(self, processor: vm.Processor, folder: Path, world: World) -> None:
        self.name, self.world, self.failed = processor.debian, world, 0
        self.pace = PACE[self.name]
        self.runtime = "tflite" if self.name == "armhf" else "onnx"
        self.processor, self.folder = processor, folder / processor.debian
        self.machine = vm.Machine(processor, self.folder)
        self.cleared = 0
        self.row = table("board|6", "holds|<", "claim|<58", "seen|<")

    def show(self, claim: str, holds: bool, seen: str) -> None:
        self.failed += not holds
        self.row(self.name, "yes" if holds else "NO", claim, " ".join(seen.split())[:150])

    def note(self, what: str, seen: str) -> None:
        """What is no claim."""
        self.row(self.name, "", what, seen)

    def boot(self, words: str = "") -> float:
        self.machine.words = words
        self.machine.start()
        return self.machine.wait_up(300 * self.pace)

    def boot_first(self) -> float:
        """Start, and find out how slow this board is here."""
        self.machine.start()
        took_s = self.machine.wait_up(FIRST_BOOT_S * self.pace)
        self.pace = max(self.pace, took_s / BOOT_S)
        return took_s

    def sh(self, command: str, *, as_pi: bool = False) -> str:
        return self.machine.run(command, as_pi=as_pi, within_s=300 * self.pace)[1]

    def agent(self, words: str) -> tuple[int, str]:
        return self.machine.run(f"{AGENT} {words}", as_pi=True, within_s=300 * self.pace)

    def job(self, title: str, *, steps: int = 1, needs: bool = False, **limits: int) -> str:
        code = ENQUEUE.format(title=title, steps=steps, needs=needs, limits=limits, runtime=self.runtime)
        return next(line.split()[1] for line in on_site(self.world, code).splitlines() if line.startswith("JOB"))

    def status(self, job: str) -> tuple[str, str]:
        key = job.replace("-", "")
        return self.world.rows("select status, outcome from hardware_job where id = ?", key)[0]

    def moved_at(self, job: str, to: str, after: float) -> float | None:
        """The first moment after ``after`` at which the job moved there."""
        at = "strftime('%s', at) + (strftime('%f', at) - strftime('%S', at))"
        sql = f"select {at} from hardware_jobmove where subject_id = ? and moved_to = ?"
        return min(
            (float(row[0]) for row in self.world.rows(sql, job.replace("-", ""), to) if float(row[0]) > after),
            default=None,
        )

    def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait for it; a board that only was slower than before is cleared, as a person would."""
        ends = time.monotonic() + seconds * self.pace
        while time.monotonic() < ends:
            if condition():
                return True
            if self.world.rows("select 1 from hardware_runner where health = 'bad'"):
                on_site(self.world, CLEAR)
                self.cleared += 1
            time.sleep(0.3)
        return bool(condition())

    def is_measured(self, job: str, within_s: float = 240) -> bool:
        return self.until(lambda: self.status(job)[0] == "finished", within_s) and self.status(job)[1] == "measured"

    def isolation(self) -> str:
        """What the site was told of its isolation."""
        found = json.loads(self.world.rows("select facts from hardware_runner where name = ?", self.name)[0][0])
        return json.dumps(found["isolation"])


def line_of(said: str, what: str) -> str:
    """A line of the doctor, with what is to be done about it."""
    lines = said.splitlines()
    at = next((n for n, line in enumerate(lines) if line[5:].startswith(f"{what}:")), None)
    if at is None:
        return ""
    more = lines[at + 1] if at + 1 < len(lines) and lines[at + 1].startswith("     ->") else ""
    return f"{lines[at]} {more}".strip()


def first_start(board: Board, agent: bytes, code: str) -> None:
    took_s = board.boot_first()
    kernel = board.sh("uname -sr; . /etc/os-release; echo $PRETTY_NAME; stat -fc %T /sys/fs/cgroup")
    board.show("starts, with control groups of version 2", "cgroup2fs" in kernel, f"{kernel} in {took_s:.0f} s")
    board.machine.put(agent, "/home/pi/milliamp-runner.pyz")
    board.sh("chown pi:pi /home/pi/milliamp-runner.pyz")
    _, said = board.agent("doctor")
    board.show(
        "doctor finds bubblewrap",
        "own user, files and processes" in line_of(said, "Isolation"),
        line_of(said, "Isolation"),
    )
    told = line_of(said, "Memory limit")
    board.show("doctor: without its service no memory limit", "Delegate=memory" in told, told)
    site = f"http://10.0.2.2:{board.world.port}"
    status, said = board.agent(f"enroll --site {site} --code {code} --plain-http")
    board.show("enrols, and says which jobs it takes", status == 0 and "It takes jobs with" in said, said)
    status, said = board.machine.run(f"{AGENT} install-service --folder {FOLDER}", within_s=120 * board.pace)
    board.show("install-service", status == 0 and board.sh(f"systemctl is-active {UNIT}").strip() == "active", said)
    good = "select 1 from hardware_runner where name = ? and health = 'good'"
    board.show(
        "its golden model is measured",
        board.until(lambda: board.world.rows(good, board.name), 240),
        board.sh(f"{AGENT} status", as_pi=True),
    )
    board.show(
        "the site is told that memory is bounded",
        '"memory_limit": true' in board.isolation(),
        board.isolation(),
    )


def limits_hold(board: Board) -> None:
    killed = board.sh(f"grep -h '^oom_kill ' {GROUP}/milliamp-*/memory.events").split()
    board.show(
        "the kernel killed what took too much at the start", len(killed) == 2 and int(killed[1]) >= 1, " ".join(killed)
    )
    mib = 1 << 20
    job = board.job("bounded", steps=6, needs=True, memory_bytes=300 * mib)
    wanted, seen = int(300 * mib * 1.1) // 4096 * 4096, ""
    ends = time.monotonic() + 120 * board.pace
    while str(wanted) not in seen and time.monotonic() < ends and board.status(job)[0] != "finished":
        seen = board.sh(
            f"cat {GROUP}/milliamp-*/memory.max {GROUP}/milliamp-*/memory.swap.max; wc -l < $(echo {GROUP}/milliamp-*/cgroup.procs)"
        )
    bound, swap, inside = (*seen.split(), "", "", "")[:3]
    board.show(
        "memory.max of a job, read back while it runs",
        bound == str(wanted) and swap == "0",
        f"{bound} bytes, swap {swap}, {inside} processes",
    )
    board.show("a job that is a program is measured", board.is_measured(job), str(board.status(job)))
    small = board.job("hungry", needs=True, memory_bytes=24 * mib)
    board.until(lambda: board.status(small)[0] == "finished", 240)
    ended = on_site(board.world, ENDED.format(job=small)).strip().splitlines()[-1:]
    board.show("a model that takes too much ends as that", "out_of_memory" in " ".join(ended), " ".join(ended))


def interrupted(board: Board, title: str, how: Callable[[Board], None]) -> None:
    """A job in the middle of which something happens is in the line again within 90 s, and measured in the end."""
    job = board.job(title, steps=20)
    board.until(lambda: board.status(job)[0] == "running", 240)
    time.sleep(5)
    at = time.time()
    how(board)
    back = board.until(lambda: board.moved_at(job, "queued", at) is not None, 120)
    waited_s = (board.moved_at(job, "queued", at) or 0) - at
    board.show(
        f"{title}: the job is in the line again within 90 s",
        back and waited_s < MOST_RECOVERY_S,
        f"after {waited_s:.0f} s",
    )
    measured = board.is_measured(job, 400)
    board.show(f"{title}: it is measured in the end", measured, board.sh(f"{AGENT} status", as_pi=True))


def restart(board: Board) -> None:
    board.machine.tell("sync -f /var/log; reboot -f")
    time.sleep(3)
    board.machine.wait_up(300 * board.pace)


def lose_power(board: Board) -> None:
    board.machine.cut_power()
    time.sleep(2)
    board.machine.start()
    board.machine.wait_up(300 * board.pace)


def drain(board: Board) -> None:
    began = time.time()
    board.sh(f"systemctl stop {UNIT}")
    took_s = time.time() - began
    result = board.sh(f"systemctl show {UNIT} -p Result --value").strip()  # timeout where systemd had to kill it
    left = board.sh("pgrep -fc 'hardware[.]ondevice'").strip()
    board.show(
        "SIGTERM: ends within ten seconds, and nothing is left",
        took_s < DRAINED_S * board.pace and result == "success" and left == "0",
        f"{took_s:.1f} s, result {result}, {left} left",
    )
    board.sh(f"systemctl start {UNIT}")


def memory_off(board: Board) -> None:
    """The kernel's memory cgroup is switched off, as on Raspberry Pi OS."""
    board.machine.stop()
    board.boot("cgroup_disable=memory")
    _, said = board.agent("doctor")
    told = line_of(said, "Memory limit")
    board.show("memory cgroup off: found, with its one-line fix", "cgroup_enable=memory" in told, told)
    refused = board.until(lambda: '"memory_limit": false' in board.isolation(), 120)
    board.show("memory cgroup off: the site is told so", refused, board.sh(f"systemctl is-active {UNIT}"))
    program, plain = board.job("a program", needs=True), board.job("no program")
    measured = board.is_measured(plain)
    held = board.status(program)[0]
    board.show(
        "memory cgroup off: programs are refused, others measured",
        measured and held == "queued",
        f"program {held}, other {board.status(plain)[1]}",
    )
    board.machine.stop()
    board.boot()
    measured = board.is_measured(program, 400)
    why = board.sh(f"journalctl -b -u {UNIT} -o cat | grep 'cannot be bounded' | tail -1")
    board.show("memory cgroup on again: the program is measured", measured, f"{board.status(program)} {why}")


def isolations(board: Board) -> None:
    """Without bubblewrap; with namespaces closed to users, which takes bubblewrap away as well."""

    def told() -> str:
        return line_of(board.agent("doctor")[1], "Isolation")

    if board.sh("cat /sys/module/apparmor/parameters/enabled").strip() == "Y":
        said = told()
        board.show("AppArmor is on, and bubblewrap works", "bubblewrap: own" in said, said)
    else:
        board.note("AppArmor", "not shown: this kernel has it off")
    board.sh(f"sysctl -w {USERNS}=0")
    said = told()
    board.show(
        "namespaces closed: process limits, with the fix", "process limits only" in said and f"{USERNS}=1" in said, said
    )
    _, measured = board.agent(f"bench {model(board)}")
    board.show("namespaces closed: a model is measured all the same", "limits" in measured, measured)
    board.sh(f"sysctl -w {USERNS}=1; mv /usr/bin/bwrap /usr/bin/bwrap-away")
    said = told()
    board.show("no bubblewrap: namespaces of our own", "own namespaces" in said, said)
    _, measured = board.agent(f"bench {model(board)}")
    board.show("no bubblewrap: a model is measured", "namespaces" in measured, measured)
    board.sh("mv /usr/bin/bwrap-away /usr/bin/bwrap")


def model(board: Board) -> str:
    """Words for `bench` with the golden model, which is put there."""
    name = f"golden-1.{'tflite' if board.runtime == 'tflite' else 'onnx'}"
    board.machine.put((ROOT / "hardware" / "runners" / "golden" / name).read_bytes(), f"/home/pi/{name}")
    return f"/home/pi/{name} --input-shape 1x3x48x48" if board.runtime == "onnx" else f"/home/pi/{name}"


def to_its_end(board: Board, name: str, part: Callable[[Board], None]) -> None:
    """Play one part. Where the board does not answer any more that is a row, and the next part gets a board that was started anew."""
    try:
        part(board)
    except (AssertionError, OSError) as error:
        board.show(f"{name}: was played to its end", False, repr(error)[-150:])
        board.machine.words = ""
        lose_power(board)


def play(board: Board, agent: bytes) -> None:
    code = next(
        line.split()[1]
        for line in on_site(board.world, ADD.format(name=board.name)).splitlines()
        if line.startswith("CODE")
    )
    try:
        first_start(board, agent, code)
        to_its_end(board, "limits", limits_hold)
        for name, how in {"reboot -f": restart, "loss of power": lose_power, "systemctl stop": drain}.items():
            to_its_end(board, name, partial(interrupted, title=name, how=how))
        to_its_end(board, "memory cgroup off", memory_off)
        to_its_end(board, "isolations", isolations)
        board.note("everything might take longer than planned by", f"{board.pace:.1f} times")
        board.note("golden models outside their baseline, cleared by hand", str(board.cleared))
    finally:
        board.machine.cut_power()


def wanted(names: list[str]) -> Iterator[vm.Processor]:
    for name in names or ["amd64"]:
        why = vm.missing(PROCESSORS[name])
        if why:
            not_shown(f"{name}: {why}")
        else:
            yield PROCESSORS[name]


def main() -> int:
    processors = list(wanted(words()))
    if not processors:
        return 0
    failed = 0
    with scratch_folder() as scratch:
        folder = Path(scratch)
        file = folder / "milliamp-runner.pyz"
        command = [sys.executable, "manage.py", "build_runner", "--out", str(file)]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        world = World(folder / "data", ALLOWED_HOSTS="localhost,127.0.0.1,10.0.2.2")
        try:
            world.wait_healthy(3600)  # on a busy machine; on a free one it takes a minute or two
            for processor in processors:
                board = Board(processor, folder, world)
                play(board, file.read_bytes())
                failed += board.failed
        finally:
            world.stop()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(figure(main))
