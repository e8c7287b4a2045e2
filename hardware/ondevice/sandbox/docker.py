"""Isolation by a container of Docker, for a board whose owner names an image with the runtimes in it.

Each run has a container of its own, with limits that are read back from inside before it is given anything. What runs in
it is our ``contained``, which is mounted there; of the image come Python and the runtimes. Talked to by Docker's own
command line: a board has nothing else for it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice.sandbox import docker_talk
from hardware.ondevice.sandbox.docker_watch import ask, watch
from hardware.ondevice.sandbox.layout import APP, NOBODY, PROJECT, TMP_INSIDE, environment
from hardware.ondevice.sandbox.request import (
    MIB,
    FrameHandler,
    Limits,
    SandboxError,
    SandboxRequest,
    SandboxResult,
    TickHandler,
)

LABEL = "milliamp.runner"
STAGE = "/in"
CODE_INSIDE = f"{APP}/hardware/ondevice"
OPEN_FILES = 256
# The container's own init, and the threads of Go's runtime while the engine starts it.
EXTRA_PROCESSES = 16
# The kernel's bound lies above the watcher's, which tells a model that is too large apart from one that was killed.
KERNEL_SHARE = 1.1
# Nothing else can be written to inside; calls on queues are refused.
WRITABLE = {STAGE: "tmpfs", str(TMP_INSIDE): "tmpfs", "/dev/shm": "tmpfs", "/dev/mqueue": "mqueue"}  # noqa: S108  # nosec B108
OVERFLOW_BYTES = 64 * MIB
OVERFLOW = f"data = [b'x' * {MIB} for _ in range(192)]"
RUNTIMES = "import json; from hardware.ondevice.runner.facts import runtimes; print(json.dumps(runtimes()))"


@dataclass(frozen=True)
class Docker:
    """Containers of ``image``. ``owner`` marks those of this agent, so that what an earlier one has left is found."""

    image: str
    owner: str

    @property
    def name(self) -> str:
        return "docker"

    @property
    def label(self) -> str:
        return f"Docker: a container of {self.image} of its own, no network"

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """See ``Sandbox.run``. Raises SandboxError where the engine or a limit is not as it must be."""
        staged = sum(path.stat().st_size for path in request.readonly_files.values())
        memory_bytes = (int(request.limits.memory_bytes * KERNEL_SHARE) + staged) // MIB * MIB + MIB
        container = f"milliamp-{secrets.token_hex(8)}"
        options = self.options(container, request.limits, memory_bytes, staged, request.env)
        program = [*options, "--entrypoint", "python3", self.image, "-m", "hardware.ondevice.contained"]
        with self._started(container, program) as process:
            talk = docker_talk.Talk(process, on_tick)
            talk.until_waiting()
            wrong = mismatches(self.wanted(request.limits, memory_bytes), talk.limits())
            if wrong:
                raise SandboxError(f"Docker does not hold what it was asked for: {'; '.join(wrong)}.")
            talk.give(request, STAGE)
            return watch(process, container, request, self.name, on_frame, on_tick)

    @contextlib.contextmanager
    def _started(self, container: str, program: list[str]) -> Any:
        process = subprocess.Popen(
            [docker(), "run", "--interactive", *program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, bufsize=0,
        )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(SandboxError):
                ask("rm", "--force", "--volumes", container)
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def options(self, container: str, limits: Limits, memory_bytes: int, staged: int, env: dict[str, str]) -> list[str]:
        """What comes between ``docker run`` and the image."""
        tmp = "rw,noexec,nosuid,nodev,mode=1777"
        # The image's own PATH finds its Python.
        inside = {name: value for name, value in environment(APP, TMP_INSIDE, env).items() if name != "PATH"}
        return [
            "--name", container, "--label", f"{LABEL}={self.owner}", "--pull", "never", "--init",
            "--network", "none", "--hostname", "bench", "--ipc", "private", "--cgroupns", "private",
            "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--user", f"{NOBODY}:{NOBODY}", "--log-driver", "none", "--oom-score-adj", "500",
            "--memory", str(memory_bytes), "--memory-swap", str(memory_bytes),
            "--pids-limit", str(limits.threads + EXTRA_PROCESSES), "--shm-size", str(4 * MIB),
            "--ulimit", f"nofile={OPEN_FILES}:{OPEN_FILES}", "--ulimit", "core=0:0",
            "--tmpfs", f"{STAGE}:{tmp},size={staged // MIB * MIB + MIB}",
            "--tmpfs", f"{TMP_INSIDE}:{tmp},size={limits.tmp_bytes}",
            "--mount", f"type=bind,source={PROJECT / 'hardware' / 'ondevice'},target={CODE_INSIDE},readonly",
            *(word for name, value in inside.items() for word in ("--env", f"{name}={value}")),
        ]  # fmt: skip

    def wanted(self, limits: Limits, memory_bytes: int) -> dict[str, Any]:
        """What must hold inside; see ``readback.read_back``."""
        return {
            "memory_bytes": memory_bytes,
            "swap_bytes": 0,
            "pids": limits.threads + EXTRA_PROCESSES,
            "open_files": OPEN_FILES,
            "core_bytes": 0,
            "capabilities": 0,
            "no_new_privileges": True,
            "uids": [NOBODY],
            "groups": [NOBODY],
            "interfaces": ["lo"],
            "foreign": [CODE_INSIDE],
            "writable": WRITABLE,
        }

    # -- tried once, before anything is promised --------------------------------------------------------------------

    def look(self) -> None:
        """Whether the engine answers and has the image. Raises SandboxError with what to do."""
        ask("version", "--format", "{{.Server.Version}}")
        try:
            ask("image", "inspect", "--format", "{{.Id}}", self.image)
        except SandboxError as error:
            raise SandboxError(
                f"Docker does not have the image {self.image}. Fetch it: docker pull {self.image}"
            ) from error

    def stops_overflow(self) -> bool:
        """Whether a process that takes three times its memory is ended by the kernel."""
        container = f"milliamp-{secrets.token_hex(8)}"
        options = self.options(container, Limits(), OVERFLOW_BYTES, 0, {})
        program = [*options, "--entrypoint", "python3", self.image, "-I", "-S", "-c", OVERFLOW]
        try:
            subprocess.run([docker(), "run", *program], check=False, capture_output=True, timeout=120)
            return ask("inspect", "--format", "{{.State.OOMKilled}}", container) == "true"
        except subprocess.TimeoutExpired as error:
            raise SandboxError("Docker did not end a process within two minutes.") from error
        finally:
            with contextlib.suppress(SandboxError):
                ask("rm", "--force", container)

    def runtimes(self) -> dict[str, str]:
        """format -> version of what the image has. Raises SandboxError."""
        container = f"milliamp-{secrets.token_hex(8)}"
        options = self.options(container, Limits(), 512 * MIB, 0, {})
        said = ask("run", "--rm", *options, "--entrypoint", "python3", self.image, "-c", RUNTIMES)
        try:
            return {str(name): str(version) for name, version in json.loads(said).items()}
        except (ValueError, AttributeError) as error:
            raise SandboxError(f"The image {self.image} did not say which runtimes it has: {said[-300:]}") from error

    def sweep(self) -> int:
        """Remove what an earlier run of this agent has left. Returns how many there were. Raises SandboxError."""
        left = ask("ps", "--all", "--quiet", "--filter", f"label={LABEL}={self.owner}").split()
        if left:
            ask("rm", "--force", "--volumes", *left)
        return len(left)


def docker() -> str:
    """The program. Raises SandboxError where there is none."""
    found = shutil.which("docker")
    if found is None:
        raise SandboxError("Docker is not installed: sudo apt install docker.io")
    return found


def mismatches(wanted: dict[str, Any], seen: dict[str, Any], swaps: Path = Path("/proc/swaps")) -> list[str]:
    """What holds inside and is not what was asked, one sentence each; empty where all is as it should be."""
    wrong = [f"{name} is {seen.get(name)}, not {value}" for name, value in wanted.items() if seen.get(name) != value]
    if seen.get("swap_bytes") is None and not _swaps(swaps):
        # A kernel that counts no swap says nothing of it; where there is none, none can be used.
        wrong = [sentence for sentence in wrong if not sentence.startswith("swap_bytes ")]
    return wrong


def _swaps(path: Path) -> bool:
    try:
        return len(path.read_text(encoding="utf-8").splitlines()) > 1
    except OSError:
        return False
