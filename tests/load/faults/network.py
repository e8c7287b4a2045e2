"""Boards in network namespaces of their own, on one bridge with the site. A cut takes the link down: nothing passes, and nobody says so.

Needs root and the program ip (iproute2). Everything made here is called ma-*, and is removed at the end and before a start.
"""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

BRIDGE, NAME, SITE = "ma-bridge", "ma-{}", "10.77.31.1"


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """`with Network() as network`: the bridge, with SITE as its own address; boards are added one by one."""

    def __enter__(self) -> Self:
        self.boards: dict[int, str] = {}
        remove()
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{SITE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        return self

    def __exit__(self, *_: object) -> None:
        remove()

    def add(self, n: int, pid: int | None = None) -> str:
        """A namespace with one link to the bridge, empty or that of a process. Returns the words before a command that runs in it."""
        space, here, there = NAME.format(n), f"ma-h{n}", f"ma-b{n}"
        if pid is None:
            ip("netns", "add", space)
        else:
            ip("netns", "attach", space, str(pid))
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
        ip("link", "set", here, "master", BRIDGE, "up")
        for words in (
            ("addr", "add", f"10.77.31.{10 + n}/24", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", space, *words)
        self.boards[n] = here
        return f"/run/netns/{space}"

    def cut(self, n: int) -> None:
        ip("link", "set", self.boards[n], "down")

    def mend(self, n: int) -> None:
        ip("link", "set", self.boards[n], "up")


def remove() -> None:
    """What this or an earlier run has left."""
    for path in Path("/run/netns").glob("ma-*"):
        with suppress(OSError):
            ip("netns", "del", path.name)
    for path in Path("/sys/class/net").glob("ma-*"):
        with suppress(OSError):  # the end of a pair that went with its other end
            ip("link", "del", path.name)
