"""What goes into a sandbox and what comes out of it. The only types the rest of the engine knows of this folder."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

Ended = Literal["ok", "crashed", "timed_out", "out_of_memory", "misbehaved", "infrastructure"]
Frame = tuple[str, dict[str, Any]]
FrameHandler = Callable[[str, dict[str, Any]], None]
TickHandler = Callable[[float], None]

MIB = 1 << 20
# Where in ``SandboxRequest`` arguments the folder of the given files is meant; each isolation puts it somewhere else.
INPUTS = "{inputs}"


@dataclass(frozen=True)
class Budget:
    """Seconds that several runs share, from the moment when this is made."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Below zero once it is used up."""
        return self.begun + self.seconds - time.monotonic()


@dataclass(frozen=True)
class Limits:
    """Bounds of one sandboxed run. Memory is the resident set of the whole group, shared pages counted once.

    ``budget`` ends the run as well, where several runs for one file share their time. ``cores`` are those of the device
    that is played, where only a container can give fewer than this machine has; None for all.
    """

    wall_s: float = 120.0
    cpu_s: int = 120
    memory_bytes: int = 2048 * MIB
    threads: int = 64
    output_bytes: int = 1 * MIB
    result_bytes: int = 64 * MIB
    tmp_bytes: int = 64 * MIB
    budget: Budget | None = None
    cores: int | None = None

    @property
    def address_space_bytes(self) -> int:
        """Runtimes reserve more than they touch (PyTorch 0.8 GiB), so this bound is not the memory that counts.

        It is what one process can take between two looks of the watcher: on a busy machine these are far apart.
        """
        return self.memory_bytes + 2048 * MIB


@dataclass(frozen=True)
class SandboxRequest:
    """Run ``entry`` with ``args``: a module of ours by its name, or a given file as ``{inputs}/x.py``.

    ``readonly_files`` maps plain names to host paths; inside they lie in the folder that ``{inputs}`` stands for. The
    launcher adds ``--fd`` and ``--nonce``; what is written there with the nonce comes back as frames. ``imports`` are the
    modules of ours and the runtimes that it will need: a process may have them ready (see prepared.py). ``model_format``
    says which image of containers has the runtime.
    ``filters_itself``: the entry starts one program of ours, which installs the system call filter before it opens a file.
    """

    entry: str
    args: tuple[str, ...] = ()
    readonly_files: dict[str, Path] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    env: dict[str, str] = field(default_factory=dict)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    imports: tuple[str, ...] = ()
    filters_itself: bool = False
    model_format: str | None = None

    def __post_init__(self) -> None:
        for name in self.readonly_files:
            if not name or "/" in name or name.startswith("."):
                raise ValueError(f"{name!r} is not a plain file name.")


@dataclass(frozen=True)
class SandboxResult:
    """How a run ended. ``message`` is for the person whose model it was, except where ended is infrastructure."""

    ended: Ended
    code: str
    message: str
    frames: tuple[Frame, ...]
    exit_code: int | None
    signal: int | None
    stderr_tail: str
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    isolation: str


class Sandbox(Protocol):
    """One way to isolate. ``name`` is for programs, ``label`` for people."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        """Run to the end and leave nothing behind: no process, no file.

        ``on_frame`` sees every frame as it comes; frames of kind ``progress`` go only there. ``on_tick`` is called
        about twice a second with the seconds since the start. Either may raise to stop the run; what they raise comes
        out of here after everything has been killed.
        """
        ...


@dataclass(frozen=True)
class Place:
    """Where the files of a request that is not known yet will lie: ``folder``/in on the host, given its content later.

    ``prepared`` is the nonce with which the process says that it waits.
    """

    folder: Path
    prepared: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def inputs(self) -> Path:
        return self.folder / "in"


@runtime_checkable
class Leaning(Sandbox, Protocol):
    """An isolation that leans on something outside this process, which may go away and come back."""

    def look(self) -> None:
        """Raises SandboxError, with the reason, where nothing could be run now."""
        ...


@runtime_checkable
class Preparing(Sandbox, Protocol):
    """An isolation that can have a process wait inside for its order."""

    def prepare(self, request: SandboxRequest, place: Place, result_fd: int) -> subprocess.Popen[bytes]:
        """Start a process that confines itself, imports ``request.imports`` and waits for a line on standard input.

        Of the request only ``imports``, ``limits.tmp_bytes`` and ``env`` count. Raises OSError and SandboxError.
        """
        ...

    def order(self, request: SandboxRequest, place: Place) -> bytes:
        """The line that makes a process of ``place`` run ``request``."""
        ...


class SandboxError(RuntimeError):
    """An isolation does not work on this machine. The text says what was tried and why it failed."""
