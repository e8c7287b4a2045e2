"""The last thing that is trusted in a sandbox: give up every right, say so, then run one module in the same process.

Standard input carries two lines of JSON: what to give up (``Confinement``) and what to run (``Order``). They come that
way and not as arguments because a model may read /proc/self/cmdline, and the nonce in the order is what keeps a forged
result from being believed. The first frame on the channel is ``ready``; where it is missing, the sandbox did not come
up, which is never the fault of what should have run in it.

Between the two lines may lie hours: then this process stands confined, with a runtime that takes seconds to import
already there, and says ``prepared``. Nothing of a stranger is in it before the order, and it runs one order only.
"""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import runpy
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from hardware.ondevice import landlock, privileges, seccomp
from hardware.ondevice.frames import write_frame

LAUNCH_FAILED = 70
MEMLOCK_BYTES = 1 << 20
LINE_BYTES = 1 << 20


@dataclass(frozen=True)
class Confinement:
    """What to give up for good. ``fd`` is the one descriptor that stays.

    ``readable`` lists all paths that Landlock leaves readable, None to go without. ``uid`` is the user to become,
    None to stay. Without ``with_filter`` what is run installs the system call filter itself. ``imports`` are modules to
    import before the order is read; ``prepared`` is the nonce with which to say that this is done, None where the order
    stands there already.
    """

    fd: int
    open_files: int
    uid: int | None
    keep_reading: bool
    readable: list[str] | None
    read_only: bool
    imports: list[str]
    prepared: str | None
    with_filter: bool = True


@dataclass(frozen=True)
class Order:
    """What to run, once, and how much of this machine it gets. ``entry`` is a module's name, or a Python file's path."""

    nonce: str
    entry: str
    args: list[str]
    cpu_s: int
    address_space_bytes: int
    file_bytes: int
    threads: int | None


def main() -> None:
    """Confine this process, import what is wanted, and run the one order that comes."""
    confinement = Confinement(**json.loads(sys.stdin.buffer.readline(LINE_BYTES)))
    if confinement.prepared is None:
        follow(confinement, _order())
        return
    try:
        ready = confine(confinement)
    except OSError as error:
        _fail(confinement.fd, _order().nonce, error)
    prepare(confinement)
    _carry_out(_order(), confinement.fd, ready)


def follow(confinement: Confinement, order: Order) -> None:
    """Confine this process, and run an order that is there already."""
    try:
        ready = confine(confinement)
    except OSError as error:
        _fail(confinement.fd, order.nonce, error)
    _carry_out(order, confinement.fd, ready)


def _order() -> Order:
    line = sys.stdin.buffer.readline(LINE_BYTES)
    if not line:
        sys.exit(LAUNCH_FAILED)  # whoever had us wait has gone
    return Order(**json.loads(line))


def _carry_out(order: Order, fd: int, ready: dict[str, Any]) -> None:
    try:
        bound(order)
    except OSError as error:
        _fail(fd, order.nonce, error)
    write_frame(fd, order.nonce, "ready", ready)
    run(order, fd)


def _fail(fd: int, nonce: str, error: OSError) -> NoReturn:
    write_frame(fd, nonce, "launch_failed", {"message": f"{error.filename or 'launch'}: {error.strerror}"})
    sys.exit(LAUNCH_FAILED)


def run(order: Order, fd: int) -> None:
    """Run what the order names as the main program of this process."""
    sys.argv = [order.entry, *order.args, "--fd", str(fd), "--nonce", order.nonce]
    sys.modules.pop(order.entry, None)  # where it was imported beforehand: now it is the main program
    if order.entry.endswith(".py"):
        runpy.run_path(order.entry, run_name="__main__")
    else:
        runpy.run_module(order.entry, run_name="__main__", alter_sys=True)


def prepare(confinement: Confinement) -> None:
    """Import, and say that it is done. A module that cannot be imported ends this process."""
    for name in confinement.imports:
        import_module(name)
    gc.collect()
    gc.freeze()  # what was imported stays; no later collection need look through it
    write_frame(confinement.fd, confinement.prepared or "", "prepared", {})


def bound(order: Order) -> None:
    """Set the limits of this run, counted from now, and let go of standard input. Raises OSError."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used_s = math.ceil(spent.ru_utime + spent.ru_stime)  # the kernel counts whole seconds
    privileges.limit(resource.RLIMIT_FSIZE, order.file_bytes)
    # At the hard limit the kernel sends SIGKILL, which looks like a kill from outside; SIGXCPU comes at the soft one.
    privileges.limit(resource.RLIMIT_CPU, used_s + order.cpu_s, grace=2)
    privileges.limit(resource.RLIMIT_NPROC, order.threads)
    privileges.limit(resource.RLIMIT_AS, order.address_space_bytes)


def confine(order: Confinement) -> dict[str, Any]:
    """Give up descriptors, user, files and system calls, in this order. Raises OSError where a step fails.

    Returns what holds from now on: {"uid", "seccomp", "landlock"}.
    """
    parent = os.getppid()
    os.closerange(3, order.fd)
    os.closerange(order.fd + 1, 1 << 16)
    privileges.limit(resource.RLIMIT_CORE, 0)
    privileges.limit(resource.RLIMIT_MEMLOCK, MEMLOCK_BYTES)
    privileges.limit(resource.RLIMIT_NOFILE, order.open_files)
    if order.uid is not None:
        privileges.become(order.uid, order.keep_reading)
    privileges.die_with_parent(parent)
    privileges.allow_no_new()
    if order.read_only:
        # tempfile looks for a folder by writing to it; libraries only ask for the name when they are loaded.
        tempfile.tempdir = os.environ.get("TMPDIR", "/")
    abi = landlock.restrict(order.readable) if order.readable is not None else 0
    if order.keep_reading and order.readable is not None and abi == 0:
        # Nothing else bounds what it may read here. Where Python lies out of reach, it will not start, and that is
        # right.
        privileges.set_capabilities(0)
    filtered = order.with_filter and seccomp.supported()
    if filtered:
        seccomp.install(read_only=order.read_only)
    return {"uid": os.getuid(), "seccomp": filtered, "landlock": abi}


if __name__ == "__main__":
    main()
