"""The isolations of this machine, each tried once; one that does not work here is skipped with its reason, and fails where all is required."""

import functools
import os
from pathlib import Path

import pytest

from grading.bench.beforehand import measuring
from hardware.ondevice import landlock, processes
from hardware.ondevice.sandbox.choice import CANDIDATES, fault
from hardware.ondevice.sandbox.prepared import Waiting
from hardware.ondevice.sandbox.request import Limits, Preparing, Sandbox, SandboxRequest, SandboxResult
from tests import bench_images

ATTACK = Path(__file__).with_name("attack.py")
MIB = 1 << 20


@functools.cache
def _tried(name: str) -> tuple[Sandbox | None, str]:
    if name == "docker":
        return bench_images.containers(), fault(bench_images.containers()) or ""
    reasons = []
    for candidate in CANDIDATES[name]:
        sandbox = candidate()
        reason = fault(sandbox)
        if reason is None:
            return sandbox, ""
        reasons.append(reason)
    return None, " ".join(reasons)


def working(name: str) -> Sandbox:
    sandbox, reason = _tried(name)
    assert name != "docker" or not reason  # the engine is there and the image was built: it must work
    if sandbox is None:
        fail_or_skip = pytest.fail if os.environ.get("REQUIRE") == "all" else pytest.skip
        fail_or_skip(f"{name} does not work on this machine: {reason}")
    return sandbox


class AlreadyStarted:
    """An isolation in which each request meets a process that waits for it with ONNX Runtime imported."""

    def __init__(self, sandbox: Preparing) -> None:
        self.sandbox, self.name, self.label = sandbox, sandbox.name, sandbox.label

    def run(self, request, on_frame=None, on_tick=None) -> SandboxResult:
        waiting = Waiting(self.sandbox, measuring("onnx"), None)
        assert waiting.is_prepared()
        return waiting.run(request, on_frame, on_tick)


def processes_of(sandbox: Sandbox) -> list[int]:
    """What runs in the sandbox now, as this machine numbers it, the model's process last."""
    if sandbox.name != "docker":
        return processes.descendants(os.getpid())
    inits = [bench_images.docker("inspect", "-f", "{{.State.Pid}}", each) for each in bench_images.of(sandbox)]
    return [pid for init in inits for pid in processes.descendants(int(init))]


def left_by(sandbox: Sandbox) -> list[int | str]:
    """What is there when nothing should run: processes of ours, and containers.

    Wardens stay with their worker, which is this process, also for tests that have used containers before.
    """
    left: list[int | str] = [pid for pid in processes.descendants(os.getpid()) if not _is_warden(pid)]
    return left + bench_images.of(sandbox) if sandbox.name == "docker" else left


def _is_warden(pid: int) -> bool:
    try:
        return b"container_warden" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def hides_files(sandbox: Sandbox) -> bool:
    return sandbox.name != "limits" or landlock.version() > 0


def attack(sandbox: Sandbox, name: str, target: Path | str = "", **limits) -> SandboxResult:
    bounds = {"wall_s": 20.0, "cpu_s": 20, "memory_bytes": 512 * MIB} | limits
    request = SandboxRequest(
        entry="{inputs}/attack.py",
        args=(name, "--target", str(target)),
        readonly_files={"attack.py": ATTACK},
        limits=Limits(**bounds),
    )
    return sandbox.run(request)


def said(result: SandboxResult) -> dict:
    """What the attack reported; fails where it did not get that far."""
    bodies = [body for kind, body in result.frames if kind == "said"]
    assert len(bodies) == 1, result
    return bodies[0]
