"""The last thing that is trusted in a sandbox: give up every right, say so, then run one module in the same process.

Standard input carries one JSON document (see ``Order``). It comes that way and not as arguments because a model may
read /proc/self/cmdline, and the nonce in it is what keeps a forged result from being believed. The first frame on the
channel is ``ready``; where it is missing, the sandbox did not come up, which is never the fault of what should have
run in it.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import runpy
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from hardware.ondevice import landlock, privileges, seccomp
from hardware.ondevice.frames import write_frame

LAUNCH_FAILED = 70
MEMLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Order:
    """What to run and what to give up first. ``entry`` is a module's name, or the path of a Python file.

    ``readable`` lists all paths that Landlock leaves readable, None to go without. ``uid`` is the user to become,
    None to stay.
    """

    nonce: str
    fd: int
    entry: str
    args: list[str]
    cpu_s: int
    address_space_bytes: int
    file_bytes: int
    open_files: int
    threads: int | None
    uid: int | None
    keep_reading: bool
    readable: list[str] | None
    read_only: bool


def main() -> None:
    """Read the order from standard input, confine this process, and run what it names."""
    order = Order(**json.loads(sys.stdin.buffer.readline(1 << 20)))
    try:
        ready = confine(order)
    except OSError as error:
        write_frame(
            order.fd, order.nonce, "launch_failed", {"message": f"{error.filename or 'launch'}: {error.strerror}"}
        )
        sys.exit(LAUNCH_FAILED)
    write_frame(order.fd, order.nonce, "ready", ready)
    sys.argv = [order.entry, *order.args, "--fd", str(order.fd), "--nonce", order.nonce]
    if order.read_only:
        # tempfile looks for a folder by writing to it; libraries only ask for the name when they are loaded.
        tempfile.tempdir = os.environ.get("TMPDIR", "/")
    if order.entry.endswith(".py"):
        runpy.run_path(order.entry, run_name="__main__")
    else:
        runpy.run_module(order.entry, run_name="__main__", alter_sys=True)


def confine(order: Order) -> dict[str, Any]:
    """Give up descriptors, resources, user, files and system calls, in this order. Raises OSError where a step fails.

    Returns what holds from now on: {"uid", "seccomp", "landlock"}.
    """
    parent = os.getppid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.closerange(3, order.fd)
    os.closerange(order.fd + 1, 1 << 16)
    privileges.limit(resource.RLIMIT_CORE, 0)
    privileges.limit(resource.RLIMIT_MEMLOCK, MEMLOCK_BYTES)
    privileges.limit(resource.RLIMIT_NOFILE, order.open_files)
    privileges.limit(resource.RLIMIT_FSIZE, order.file_bytes)
    # At the hard limit the kernel sends SIGKILL, which looks like a kill from outside; SIGXCPU comes at the soft one.
    privileges.limit(resource.RLIMIT_CPU, order.cpu_s, grace=2)
    privileges.limit(resource.RLIMIT_NPROC, order.threads)
    if order.uid is not None:
        privileges.become(order.uid, order.keep_reading)
    privileges.die_with_parent(parent)
    privileges.allow_no_new()
    abi = landlock.restrict(order.readable) if order.readable is not None else 0
    if order.keep_reading and order.readable is not None and abi == 0:
        # Nothing else bounds what it may read here. Where Python lies out of reach, it will not start, and that is
        # right.
        privileges.set_capabilities(0)
    filtered = seccomp.supported()
    if filtered:
        seccomp.install(seccomp.build(platform.machine(), os.getpid(), order.read_only))
    privileges.limit(resource.RLIMIT_AS, order.address_space_bytes)
    return {"uid": os.getuid(), "seccomp": filtered, "landlock": abi}


if __name__ == "__main__":
    main()
