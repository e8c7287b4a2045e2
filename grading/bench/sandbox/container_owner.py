"""Whose a container is, and the sweep that removes those whose owner has gone.

Every container carries a label that names the process which made it. A process is named by its number, the moment it
started, and the kernel and the process namespace in which that number means something.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from grading.bench.sandbox.container_engine import LABEL, Engine

ENDED = frozenset({"created", "exited", "dead"})


@dataclass(frozen=True)
class Owner:
    """One process, told apart from every other one that had or will have its number, and one use of containers in it."""

    place: str
    pid: int
    started: str
    use: str = ""

    def __str__(self) -> str:
        return f"{self.place}/{self.pid}/{self.started}/{self.use}"


def _place() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}-{os.stat('/proc/self/ns/pid').st_ino}"


def _started(pid: int) -> str | None:
    """When a process started, in ticks since the kernel did: field 22 of proc(5). None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def myself() -> Owner:
    """This process, for one more use."""
    return Owner(_place(), os.getpid(), _started(os.getpid()) or "", secrets.token_hex(8))


def read(label: str) -> Owner | None:
    """The owner that a label names; None for a label that is not ours."""
    words = label.split("/")
    return Owner(words[0], int(words[1]), words[2], words[3]) if len(words) == 4 and words[1].isdigit() else None


def is_gone(owner: Owner) -> bool | None:
    """Whether the process has ended; None where that cannot be told from here."""
    if owner.place != _place():
        return None
    return _started(owner.pid) != owner.started


def sweep(engine: Engine) -> int:
    """Remove every container of ours whose owner has gone. Returns how many. Raises SandboxError.

    Of an owner on another machine, or before a restart of this one, only what has ended is removed.
    """
    removed = 0
    for container, labels, status in engine.ours():
        owner = read(labels.get(LABEL, ""))
        gone = is_gone(owner) if owner else None
        if gone or (gone is None and status in ENDED):
            engine.remove(container)
            removed += 1
    return removed
