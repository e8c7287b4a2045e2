"""Machines in network namespaces of their own, on one bridge with the site. A cut takes the link down: nothing passes, and nobody says so.

Needs root and the program ip (iproute2). Everything made here begins with the name of its network, and is removed at the end and before a start.
"""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def why_not() -> str:
    """What keeps this machine from making networks; "" where it can."""
    try:
        ip("netns", "add", "mt-try")
        ip("link", "add", "mt-try", "type", "bridge")
    except OSError as error:
        return f"no networks of its own can be made here ({error})"
    finally:
        remove("mt")
    return ""


class Network:
    """`with Network("ma", "10.77.31") as network`: the bridge, with `site` as its own address; machines are added one by one."""

    def __init__(self, name: str, net: str) -> None:
        self.name, self.net, self.site, self.bridge = name, net, f"{net}.1", f"{name}-bridge"
        self.links: dict[int, str] = {}

    def __enter__(self) -> Self:
        remove(self.name)
        ip("link", "add", self.bridge, "type", "bridge")
        ip("addr", "add", f"{self.site}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")
        return self

    def __exit__(self, *_: object) -> None:
        remove(self.name)

    def add(self, n: int, pid: int | None = None) -> str:
        """A namespace with one link to the bridge, empty or that of a process. Returns its path."""
        space, here, there = f"{self.name}-{n}", f"{self.name}-h{n}", f"{self.name}-b{n}"
        if pid is None:
            ip("netns", "add", space)
        else:
            ip("netns", "attach", space, str(pid))
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
        ip("link", "set", here, "master", self.bridge, "up")
        for words in (
            ("addr", "add", f"{self.net}.{10 + n}/24", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", space, *words)
        self.links[n] = here
        return f"/run/netns/{space}"

    def cut(self, n: int) -> None:
        ip("link", "set", self.links[n], "down")

    def mend(self, n: int) -> None:
        ip("link", "set", self.links[n], "up")


def remove(name: str) -> None:
    """What a network of this name has left."""
    for path in Path("/run/netns").glob(f"{name}-*"):
        with suppress(OSError):
            ip("netns", "del", path.name)
    for path in Path("/sys/class/net").glob(f"{name}-*"):
        with suppress(OSError):  # the end of a pair that went with its other end
            ip("link", "del", path.name)
