"""A board with another processor: an arm64 container under QEMU, whose one program keeps it alive, and the agent in it.

QEMU's emulation of programs hands no system call filter on to the kernel, and none of our isolations stands without one. So the agent in this
container is our code with two lines more: no filter is asked for, and the self-test asks only whether files and threads work. What keeps the
model in its place here is the container. No time that is measured here says anything about a board.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grading.bench.sandbox.container import Container
from grading.bench.sandbox.container_engine import CPUINFO
from grading.bench.sandbox.container_spec import CPUINFO_INSIDE
from tests import bench_images
from tests.load.boards_at_night.boards import Board
from tests.parts import ROOT

IMAGE = "milliamp-bench-onnxruntime:arm64"
CHANGES = {
    "seccomp.py": '\n\ndef supported() -> bool:\n    """QEMU hands no filter on."""\n    return False\n',
    "sandbox/choice.py": (
        '\n\ndef _judge(name: str, seen: dict[str, object]) -> str | None:\n    """The container isolates."""\n'
        '    return None if seen.get("content") == TEXT and seen.get("thread") else "given files or threads do not work inside."\n'
    ),
}


def image_made() -> None:
    """Ten minutes the first time."""
    Container(bench_images.record("onnxruntime", platform="linux/arm64", base="milliamp-base-arm64"))


def code_of(folder: Path) -> None:
    """The agent's code as the container runs it."""
    for path in (ROOT / "hardware" / "ondevice").rglob("*.py"):
        name = path.relative_to(ROOT / "hardware" / "ondevice")
        target = folder / "hardware" / "ondevice" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text() + CHANGES.get(str(name), ""))
    (folder / "hardware" / "__init__.py").touch()


class Machine:
    """The container, without a network until it is given one."""

    def __init__(self, folder: Path) -> None:
        code, state = folder / "arm-code", folder / "arm"
        code_of(code)
        state.mkdir(mode=0o700)
        (folder / "site.pth").write_text("/site\n")  # the image keeps packages where no Python looks by itself
        self.name = f"milliamp-faults-{os.getpid()}"
        bench_images.docker(
            "run", "--detach", "--rm", "--network", "none", "--user", "0:0", "--name", self.name, "--init",
            "--volume", f"{code}:/agent:ro", "--volume", f"{state}:/state", "--volume", f"{CPUINFO}:{CPUINFO_INSIDE}:ro",
            "--volume", f"{folder}/site.pth:/usr/local/lib/python3.11/dist-packages/site.pth:ro", "--env", "PYTHONPATH=/agent",
            "--env", "PYTHONDONTWRITEBYTECODE=1",
            "--entrypoint", "/usr/bin/sleep", IMAGE, "infinity",
        )  # fmt: skip
        self.pid = int(bench_images.docker("inspect", "-f", "{{.State.Pid}}", self.name))

    def close(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)

    def agents(self) -> list[int]:
        """Process ids of the agent, as this machine counts them."""
        said = subprocess.run(
            ["docker", "top", self.name, "-eo", "pid,args"], capture_output=True, text=True, check=False
        ).stdout
        return [int(line.split()[0]) for line in said.splitlines()[1:] if "hardware.ondevice.runner run" in line]


@dataclass
class ArmBoard(Board):
    """Its agent is a process of the container; `process` is docker's client, which ends when the agent does."""

    machine: Machine | None = None

    def words(self, *asked: str) -> list[str]:
        return [
            "docker",
            "exec",
            self.machine.name,
            "python3",
            "-m",
            "hardware.ondevice.runner",
            *asked,
            "--folder",
            "/state/agent",
        ]

    def kill(self) -> None:
        if self.process is None:
            return
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            for pid in self.machine.agents():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1)
        super().kill()

    def stop(self) -> None:
        for pid in self.machine.agents():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
        self.kill()

    def close(self) -> None:
        self.kill()
        self.machine.close()
