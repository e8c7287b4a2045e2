"""What keeps a stranger's model in its place on this board, tried before anything is promised to the site."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import files
from hardware.ondevice.runner import group as groups
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox import choice
from hardware.ondevice.sandbox.bubblewrap import Bubblewrap
from hardware.ondevice.sandbox.docker import Docker
from hardware.ondevice.sandbox.limits import ProcessLimits
from hardware.ondevice.sandbox.namespaces import Namespaces
from hardware.ondevice.sandbox.request import Sandbox, SandboxError

TRIED_BYTES = 1 << 30
# Of Debian, of AppArmor, of every kernel: the value that closes namespaces to users, and one that opens them.
SWITCHES = {
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
    "user.max_user_namespaces": ("0", "15000"),
}


@dataclass(frozen=True)
class Isolation:
    """The sandbox, with the memory group where there is one; ``why`` says what is missing, and what to do.

    ``runtimes`` are those of the sandbox where it does not use this machine's, and ``bounds_memory`` says that it was seen
    to bound memory by itself. ``stronger`` tells what is wrong with each isolation that is stronger than this. ``name`` is
    what the memory group is or would be called, empty where there is to be none.
    """

    sandbox: Sandbox
    group: groups.MemoryGroup | None
    why: str
    runtimes: Mapping[str, str] | None = None
    bounds_memory: bool = False
    stronger: tuple[str, ...] = ()
    name: str = ""

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel was seen to stop what takes more than it may."""
        return self.group is not None or self.bounds_memory

    def as_json(self) -> dict[str, Any]:
        """As in FACTS."""
        return {"name": self.sandbox.name, "memory_limit": self.limits_memory, "why": self.why}

    def close(self) -> None:
        """Take the memory group away again."""
        if self.group is not None:
            self.group.remove()


def find(name: str, setting: str = "auto", image: str = "") -> Isolation:
    """Try the isolations of this machine, and a memory group called ``name``. Raises RunnerError where none works.

    With an ``image`` it is containers of Docker or nothing: whoever names one wants the runtimes in it.
    """
    if image:
        return _contained(Docker(image, name))
    try:
        sandbox: Sandbox = choice.detect(setting)
        stronger = choice.attempts(setting)[1]
    except SandboxError as error:
        raise RunnerError(str(error)) from error
    return bounded(Isolation(sandbox, None, "", stronger=stronger, name=name))


def bounded(found: Isolation) -> Isolation:
    """``found``, which has no memory group, with one where that is possible now."""
    try:
        group = groups.proven(found.name)
        group.limit(TRIED_BYTES)
    except groups.NoGroup as missing:
        return dataclasses.replace(found, why=str(missing))
    inside = _started_in(found.sandbox, group)
    reason = choice.fault(inside)
    if reason is not None:
        return dataclasses.replace(found, why=f"The sandbox does not start in a memory cgroup: {reason}")
    return dataclasses.replace(found, sandbox=inside, group=group, why="")


def _contained(sandbox: Docker) -> Isolation:
    try:
        sandbox.look()
        sandbox.sweep()
        reason = choice.fault(sandbox)
        if reason is not None:
            raise RunnerError(f"Docker: {reason}")
        if not sandbox.stops_overflow():
            raise RunnerError("Docker took a memory limit, but a process went beyond it and was not stopped.")
        return Isolation(sandbox, None, "", sandbox.runtimes(), bounds_memory=True)
    except SandboxError as error:
        raise RunnerError(f"Docker: {error}") from error


def closed_to_users(proc: Path = Path("/proc/sys")) -> str:
    """Why an ordinary user may not make namespaces here, and how to open them; "" where no switch says so."""
    for switch, (closed, opened) in SWITCHES.items():
        if files.text(proc / switch.replace(".", "/")) == closed:
            return (
                f"This system lets no ordinary user make namespaces ({switch}={closed}). Open them: "
                f"echo {switch}={opened} | sudo tee /etc/sysctl.d/60-namespaces.conf && sudo sysctl --system"
            )
    return ""


def _started_in(sandbox: Sandbox, group: groups.MemoryGroup) -> Sandbox:
    assert isinstance(sandbox, (Bubblewrap, Namespaces, ProcessLimits))  # what choice.detect gives
    return dataclasses.replace(sandbox, begin=group.start)
