"""A control group that bounds the memory of what runs in the sandbox, and the proof that it does.

The watcher of the sandbox looks at memory twenty times a second. A model that is code can take more than the machine has
between two looks, and a board that then dies takes its lab along; the kernel's own bound has no such gap. Raspberry Pi OS
ships with it switched off, and a limit that was accepted need not hold: so it is tried.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hardware.ondevice.runner import files

MIB = 1 << 20
TRIED_BYTES = 64 * MIB
EMPTY_WITHIN_S = 5.0
OVERFLOW = f"data = [b'x' * {MIB} for _ in range(192)]"
SWITCHED_OFF = (
    "The kernel's memory cgroup is off. On Raspberry Pi OS add cgroup_enable=memory to the end of the one line in "
    "/boot/firmware/cmdline.txt and restart; other kernels want cgroup_enable=memory swapaccount=1 or a newer device tree."
)
NOT_OURS = "This user may not make a memory cgroup. Run the agent by its service (install-service), which asks for Delegate=memory."


class NoGroup(Exception):
    """There is no memory cgroup for us; the sentence says why and what to do."""


@dataclass(frozen=True)
class MemoryGroup:
    """A group below our own. ``modern``: cgroup version 2."""

    folder: Path
    modern: bool

    @property
    def start(self) -> tuple[str, ...]:
        """What a command is put behind so that it and all that comes of it is in the group from its first moment."""
        return ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs"))

    def limit(self, memory_bytes: int) -> None:
        """Set the bound, and read it back. Raises NoGroup where it does not hold."""
        page = os.sysconf("SC_PAGE_SIZE")
        wanted = memory_bytes // page * page
        name = "memory.max" if self.modern else "memory.limit_in_bytes"
        swap = "memory.swap.max" if self.modern else "memory.memsw.limit_in_bytes"
        try:
            for place, value in ((swap, "max" if self.modern else "-1"), (name, str(wanted))):
                if place == name or (self.folder / place).exists():
                    (self.folder / place).write_text(value)
            if (self.folder / swap).exists():
                (self.folder / swap).write_text("0" if self.modern else str(wanted))
        except OSError as error:
            raise NoGroup(f"The memory cgroup {self.folder} refuses a limit: {error.strerror}.") from error
        if files.number(self.folder / name) != wanted:
            raise NoGroup(f"The memory cgroup {self.folder} does not keep the limit that it was given.")

    def kills(self) -> int:
        """How often the kernel has killed in this group for want of memory."""
        said = files.text(self.folder / ("memory.events" if self.modern else "memory.oom_control")) or ""
        counts = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        return int(counts.get("oom_kill", "0"))

    def remove(self) -> None:
        """Take the group away; where something still is in it, it stays."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def end(self, within_s: float = 3.0) -> None:
        """Kill whatever is in the group. Nothing of the agent itself is."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            said = files.text(self.folder / "cgroup.procs") or ""
            if not said:
                return
            for pid in map(int, said.split()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            time.sleep(0.01)


def proven(name: str, root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> MemoryGroup:
    """A memory group called ``name`` that was seen to stop a process that takes too much. Raises NoGroup with what to do."""
    group = _make(name, root, proc)
    group.end()
    group.limit(TRIED_BYTES)
    before = group.kills()
    try:
        tried = subprocess.run(
            [*group.start, sys.executable, "-I", "-S", "-c", OVERFLOW],
            check=False,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoGroup(f"The memory cgroup could not be tried: {error}") from error
    if tried.returncode == 0 or group.kills() <= before:
        raise NoGroup("A memory limit was taken, but a process went beyond it and was not stopped.")
    return group


def _make(name: str, root: Path, proc: Path) -> MemoryGroup:
    own = {}
    for line in (files.text(proc / "self" / "cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        own[controllers] = path.lstrip("/")
    old = next((each for each in own if "memory" in each.split(",")), None)
    if old is not None and (root / "memory").is_dir():
        return _made(root / "memory" / own[old] / name, modern=False)
    if "memory" not in (files.text(root / "cgroup.controllers") or "").split():
        raise NoGroup(SWITCHED_OFF)
    return _modern(name, root, root / own.get("", ""))


def _modern(name: str, root: Path, above: Path) -> MemoryGroup:
    """In version 2 a group that hands out a bound holds no process itself, so the agent first moves into one beside."""
    if above.name == "agent":
        above = above.parent
    if "memory" not in (files.text(above / "cgroup.controllers") or "").split():
        raise NoGroup(NOT_OURS)
    if "memory" not in (files.text(above / "cgroup.subtree_control") or "").split():
        try:
            if above != root:
                (above / "agent").mkdir(exist_ok=True)
                (above / "agent" / "cgroup.procs").write_text(str(os.getpid()))
            _hand_on(above)
        except OSError as error:
            raise _refused(above, error) from error
    return _made(above / name, modern=True)


def _hand_on(above: Path) -> None:
    """Let the groups below have a bound. Raises OSError.

    The kernel refuses while a process is in the group, and one that it is still taking down is in it: the first process of a
    sandbox that was tried just before stays for some tenths of a second after its parent has seen it end.
    """
    deadline = time.monotonic() + EMPTY_WITHIN_S
    while True:
        try:
            (above / "cgroup.subtree_control").write_text("+memory")
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _made(folder: Path, *, modern: bool) -> MemoryGroup:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    return MemoryGroup(folder, modern)


def _refused(folder: Path, error: OSError) -> NoGroup:
    name = errno.errorcode.get(error.errno or 0, str(error.errno))
    return NoGroup(f"{NOT_OURS} The kernel says {name} ({error.strerror}) at {folder}.")
