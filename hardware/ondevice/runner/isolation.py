"""What keeps a stranger's model in its place on this board, tried before anything is promised to the site."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from hardware.ondevice.runner import group as groups
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox import choice
from hardware.ondevice.sandbox.bubblewrap import Bubblewrap
from hardware.ondevice.sandbox.limits import ProcessLimits
from hardware.ondevice.sandbox.namespaces import Namespaces
from hardware.ondevice.sandbox.request import Sandbox, SandboxError

TRIED_BYTES = 1 << 30


@dataclass(frozen=True)
class Isolation:
    """The sandbox, with the memory group where there is one; ``why`` says what is missing, and what to do."""

    sandbox: Sandbox
    group: groups.MemoryGroup | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """As in FACTS."""
        return {"name": self.sandbox.name, "memory_limit": self.group is not None, "why": self.why}

    def close(self) -> None:
        """Take the memory group away again."""
        if self.group is not None:
            self.group.remove()


def find(name: str, setting: str = "auto") -> Isolation:
    """Try the isolations of this machine, and a memory group called ``name``. Raises RunnerError where none works."""
    try:
        sandbox: Sandbox = choice.detect(setting)
    except SandboxError as error:
        raise RunnerError(str(error)) from error
    try:
        group = groups.proven(name)
    except groups.NoGroup as missing:
        return Isolation(sandbox, None, str(missing))
    inside = _started_in(sandbox, group)
    group.limit(TRIED_BYTES)
    reason = choice.fault(inside)
    if reason is not None:
        return Isolation(sandbox, None, f"The sandbox does not start in a memory cgroup: {reason}")
    return Isolation(inside, group, "")


def _started_in(sandbox: Sandbox, group: groups.MemoryGroup) -> Sandbox:
    assert isinstance(sandbox, (Bubblewrap, Namespaces, ProcessLimits))  # what choice.detect gives
    return dataclasses.replace(sandbox, begin=group.start)
