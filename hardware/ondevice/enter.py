"""Make namespaces, build a small root file system in them, run one command there. A helper of ``namespaces``.

Usage: python -m hardware.ondevice.enter FD, a descriptor that gives ``Plan`` as JSON: a model could read the command
line of init, and the plan holds paths of the host. Three processes stand one below the
other: this one outside, an init inside, the command. So a death by signal is seen (init itself is immune to some) and
orphans are reaped.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import stat
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from hardware.ondevice import privileges, syscalls
from hardware.ondevice.reaper import shell_status

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
ALL_NAMESPACES = (
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 0x1, 0x2, 0x4
SETUP_FAILED = 71
SCAFFOLD = "/tmp"  # noqa: S108 only a mount point that every system has, covered in this namespace alone  # nosec B108

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Plan:
    """What the inside looks like and what runs there. ``binds`` are (source or None for an empty folder, target)."""

    binds: list[tuple[str | None, str]]
    links: list[tuple[str, str]]
    devices: list[str]
    tmp: str
    tmp_bytes: int
    with_proc: bool
    uid: int
    command: list[str]
    env: dict[str, str]


def main() -> None:
    """Enter new namespaces, start init in them, wait for it."""
    privileges.die_with_parent(os.getppid())
    with open(int(sys.argv[1]), "rb") as file:
        plan = Plan(**json.load(file))
    try:
        enter_namespaces(plan.uid)
        init = os.fork()
        if init == 0:
            run_as_init(plan)
        sys.exit(shell_status(os.waitpid(init, 0)[1]))
    except OSError as error:
        sys.exit(_complain(error))


def run_as_init(plan: Plan) -> None:
    """Be process 1 of the new namespace: build the files, start the command, reap until it ends. Never returns."""
    try:
        privileges.die_with_parent(os.getppid())
        build_root(plan)
        child = os.fork()
        if child == 0:
            os.execve(plan.command[0], plan.command, plan.env)  # noqa: S606 the list comes from us, no shell is meant
    except OSError as error:
        os._exit(_complain(error))
    while True:
        pid, status = os.wait()
        if pid == child:
            # With init everything else in the namespace ends too; the kernel sees to that.
            os._exit(shell_status(status))


def enter_namespaces(uid: int) -> None:
    """Leave all namespaces of the host. As root, root and ``uid`` stay themselves, else the caller becomes ``uid``."""
    own_uid, own_gid = os.geteuid(), os.getegid()
    if own_uid != 0:
        _check(libc.unshare(ALL_NAMESPACES), "unshare")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {own_uid} 1\n")
        Path("/proc/self/gid_map").write_text(f"{uid} {own_gid} 1\n")
        return
    # A map of two users must be written by somebody outside, so a child stays behind for that.
    entered_reading, entered_writing = os.pipe()
    me, writer = os.getpid(), os.fork()
    if writer == 0:
        os.close(entered_writing)
        os.read(entered_reading, 1)
        os._exit(_write_maps(me, uid))
    os.close(entered_reading)
    _check(libc.unshare(ALL_NAMESPACES), "unshare")
    os.close(entered_writing)
    if os.waitpid(writer, 0)[1] != 0:
        raise OSError(1, "the user map was refused", "uid_map")


def _write_maps(pid: int, uid: int) -> int:
    try:
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{name}").write_text(f"0 0 1\n{uid} {uid} 1\n")
    except OSError as error:
        return _complain(error)
    return 0


def build_root(plan: Plan) -> None:
    """Put together a root of read-only binds in a small tmpfs and make it the only one. Raises OSError."""
    os.umask(0o022)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", SCAFFOLD, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0755")
    os.chdir(SCAFFOLD)
    for name in ("new", "old"):
        os.mkdir(name)
    _mount("new", "new", None, MS_BIND | MS_REC)
    _check(_call(syscalls.PIVOT_ROOT, b".", b"old"), "pivot_root")
    os.chdir("/")
    for source, target in plan.binds:
        _bind(source, target)
    for destination, link in plan.links:
        os.symlink(destination, f"/new{link}")
    for device in plan.devices:
        _bind(device, device, device=True)
    if plan.with_proc:
        os.makedirs("/new/proc", exist_ok=True)
        _mount("proc", "/new/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.makedirs(f"/new{plan.tmp}", exist_ok=True)
    _mount("tmpfs", f"/new{plan.tmp}", "tmpfs", MS_NOSUID | MS_NODEV, f"size={plan.tmp_bytes},mode=1777")
    _change_root()
    os.chdir(plan.tmp)


def _bind(source: str | None, target: str, device: bool = False) -> None:
    inside = f"/new{target}"
    if source is None:
        os.makedirs(inside, exist_ok=True)
        _mount("tmpfs", inside, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
        return
    outside = f"/old{source}"
    if stat.S_ISDIR(os.stat(outside).st_mode):
        os.makedirs(inside, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        os.close(os.open(inside, os.O_CREAT | os.O_RDONLY, 0o444))
    _mount(outside, inside, None, MS_BIND | MS_REC)
    if not device:
        _make_read_only(inside)


def _make_read_only(path: str) -> None:
    # mount_setattr reaches the mounts below too and keeps flags that a user namespace may not clear (Linux 5.12).
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    _check(_call(syscalls.MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, attributes, size), path)


def _change_root() -> None:
    """Make /new the root and detach everything else. See NOTES in pivot_root(2)."""
    os.chdir("/new")
    _check(_call(syscalls.PIVOT_ROOT, b".", b"."), "pivot_root")
    _check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    _check(_call(syscalls.MOUNT_SETATTR, AT_FDCWD, b"/", 0, attributes, ctypes.c_size_t(len(attributes))), "/")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if word is None else word.encode() for word in (source, target, kind, data)]
    _check(libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), target)


def _call(numbers: syscalls.Numbers, *arguments: object) -> int:
    """A system call for which the C library has no function. -1, with errno, where this architecture is not known."""
    machine = syscalls.architecture()
    number = syscalls.number_of(numbers, machine) if machine else None
    if number is None:
        ctypes.set_errno(errno.ENOSYS)
        return -1
    result: int = libc.syscall(ctypes.c_long(number), *arguments)
    return result


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _complain(error: OSError) -> int:
    sys.stderr.write(f"{error.filename}: {error.strerror}\n")
    sys.stderr.flush()
    return SETUP_FAILED


if __name__ == "__main__":
    main()
