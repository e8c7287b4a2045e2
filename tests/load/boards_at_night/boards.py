"""Boards of this machine: the agent's one file, each in a network namespace of its own, in a folder of its own, as systemd would keep it.

Board 0 lies on a small disk and has a clock that can be set; board 1 has a power sensor; board 2 (arm_board.py) is an arm64 machine.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.boards_at_night.line import Line

WATTS, DISK_MIB = 3.21, 96
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# /sys/class of a board with two power rails, of which the one that feeds all of it counts, and a zone that says its temperature.
TREE = {
    "hwmon/hwmon0/name": "ina3221",
    "hwmon/hwmon0/power1_input": "990000", "hwmon/hwmon0/in1_label": "VDD_CPU",
    "hwmon/hwmon0/power2_input": f"{WATTS * 1e6:.0f}", "hwmon/hwmon0/in2_label": "VDD_IN",
    "thermal/thermal_zone0/type": "cpu-thermal", "thermal/thermal_zone0/temp": "48312",
}  # fmt: skip


@dataclass
class Board:
    """One agent. begin: the words that bring a command onto the board. runner: the row of the site that it is now.

    ended: exit codes with which the agent ended by itself.
    """

    n: int
    file: Path
    folder: Path
    line: Line
    begin: list[str]
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    runner: str = ""
    away_until: float = 0.0
    ended: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Whatever is special about this board."""

    def words(self, *asked: str) -> list[str]:
        return [*self.begin, sys.executable, str(self.file), *asked, "--folder", str(self.folder)]

    def enrol(self, code: str, within_s: float = 300) -> None:
        asked = self.words("enroll", "--site", self.line.url, "--code", code, "--plain-http")
        done = subprocess.run(
            asked, env=os.environ | self.env, capture_output=True, text=True, check=False, timeout=within_s
        )
        if done.returncode:
            raise RuntimeError(f"board {self.n} was not enrolled: {done.stderr[-800:]}")

    def start(self) -> None:
        with (self.folder.parent / f"board-{self.n}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.words("run"), env=os.environ | self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """With -9, and only the agent: what it has started is left to end by itself."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def tended(self) -> int | None:
        """What systemd does: an agent that ended is started again after 0 and 1. Returns any other exit code, once."""
        if self.process is None and time.monotonic() >= self.away_until:
            self.start()
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        self.ended.append(code)
        if code in (0, 1):
            self.start()
            return None
        self.away_until = float("inf")
        return code

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
            self.kill()

    def close(self) -> None:
        self.kill()


SLEEPS = "import select, time\ntime.sleep = lambda seconds: select.select((), (), (), seconds)[0] and None\n"


class SmallBoard(Board):
    """On a disk of its own that can be filled, with a clock that can be set."""

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", str(self.folder)], check=True
        )
        self.clock = self.folder.parent / "clock"
        self.set_clock(0)
        # libfaketime lets no program sleep until a moment of the clock that it leaves alone, as Python does: EINVAL. So this one waits otherwise.
        sleeps = self.folder.parent / "sleeps"
        sleeps.mkdir(exist_ok=True)
        (sleeps / "sitecustomize.py").write_text(SLEEPS)
        self.env |= {"PYTHONPATH": str(sleeps)}
        # The clock that waits are counted by stays the kernel's, as it does on a board whose time is set.
        self.env |= {
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip

    def set_clock(self, ahead_s: int) -> None:
        self.clock.write_text(f"{ahead_s:+d}\n")

    def fill(self) -> None:
        """To the last byte."""
        ballast = self.folder / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(512))

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        self.kill()
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


class MeteredBoard(Board):
    """With a power sensor: its /sys/class is a folder of ours, in a mount namespace that nobody else sees."""

    def __post_init__(self) -> None:
        tree = self.folder.parent / "sys-class"
        for name, said in TREE.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(f"{said}\n")
        self.begin = [
            *self.begin, "unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /sys/class && exec "$@"', str(tree),
        ]  # fmt: skip
