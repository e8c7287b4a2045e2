"""Read back, from inside a container and before anything of a stranger is there, which limits hold for this process.

What was asked for is known outside; whether the engine and the kernel did it is seen only here. A container engine without
the rights it needs leaves limits out without a word.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
from pathlib import Path
from typing import Any

from hardware.ondevice import syscalls

CGROUP = Path("/sys/fs/cgroup")
# The same limit in cgroup v2 and in v1; a v1 limit on memory with swap counts both together, in v2 swap counts alone.
FILES = {
    "memory_bytes": ("memory.max", "memory/memory.limit_in_bytes"),
    "swap_bytes": ("memory.swap.max", "memory/memory.memsw.limit_in_bytes"),
    "pids": ("pids.max", "pids/pids.max"),
}
RLIMITS = {
    "open_files": resource.RLIMIT_NOFILE,
    "core_bytes": resource.RLIMIT_CORE,
    "file_bytes": resource.RLIMIT_FSIZE,
}
AF_VSOCK, SOCK_STREAM = 40, 1
CLONE_NEWUSER = 0x10000000
# Calls that no model needs, with arguments that do nothing where they are let through.
TRIED: dict[str, tuple[str, tuple[int, ...]]] = {
    "io_uring_setup": ("io_uring_setup", (0, 0)),
    "keyctl": ("keyctl", (0, -3, 0)),
    "unshare_user": ("unshare", (CLONE_NEWUSER,)),
    "ptrace": ("ptrace", (0xFFFF, 0, 0, 0)),
    "vsock": ("socket", (AF_VSOCK, SOCK_STREAM, 0)),
    "bpf": ("bpf", (0xFFFF, 0, 0)),
    "mount": ("mount", (0, 0, 0, 0, 0)),
}
# The engine puts these files in by itself, not to be written to: names of this container for the C library, and its init.
ENGINE_FILES = (
    "/etc/resolv.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/usr/sbin/docker-init",
    "/sbin/docker-init",
    "/dev/init",
)
KERNEL_TYPES = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "overlay", "tmpfs"})


def read_back(emulated: bool) -> dict[str, Any]:
    """Everything that holds, in plain values. Under an emulator no call is tried: it answers in the kernel's place.

    {memory_bytes, swap_bytes, pids: int or None where there is no limit; cpus, open_files, core_bytes, file_bytes: int;
    capabilities: int (all sets in one); no_new_privileges, seccomp: bool; uids: list; groups: list; interfaces: list;
    writable: {mount point: type}; foreign: [mount point] of what is mounted from elsewhere; let_through: [call];
    machine, kernel}
    """
    status = _status()
    mounts = _mounts()
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    capabilities = 0
    for name in sets:
        capabilities |= int(status.get(name, "0"), 16)
    return {
        **_cgroup(),
        **{name: resource.getrlimit(kind)[1] for name, kind in RLIMITS.items()},
        "cpus": len(os.sched_getaffinity(0)),
        "capabilities": capabilities,
        "no_new_privileges": status.get("NoNewPrivs") == "1",
        "seccomp": status.get("Seccomp") == "2",
        "uids": sorted({int(word) for word in status.get("Uid", "").split()}),
        "groups": sorted({int(word) for name in ("Gid", "Groups") for word in status.get(name, "").split()}),
        "interfaces": _interfaces(),
        "writable": {place: kind for place, kind, is_writable in mounts if is_writable and _lets_write(place)},
        "foreign": [place for place, kind, _ in mounts if kind not in KERNEL_TYPES and place not in ENGINE_FILES],
        "let_through": [] if emulated else _let_through(),
        "machine": platform.machine(),
        "kernel": platform.release(),
    }


def _status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


def _cgroup() -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, places in FILES.items():
        text = next((_text(CGROUP / place) for place in places if (CGROUP / place).exists()), "")
        # v1 says "no limit" with a number near 2^63.
        found[name] = int(text) if text.isdigit() and int(text) < 1 << 60 else None
    if (CGROUP / FILES["swap_bytes"][1]).exists() and found["swap_bytes"] is not None:
        found["swap_bytes"] -= found["memory_bytes"] or 0
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _interfaces() -> list[str]:
    lines = Path("/proc/net/dev").read_text(encoding="utf-8").splitlines()[2:]
    return sorted(line.partition(":")[0].strip() for line in lines)


def _mounts() -> list[tuple[str, str, bool]]:
    """(mount point, type, whether it can be written to), from /proc/self/mountinfo; see proc(5)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, super_options) = before.split(), after.split()[:3]
        is_writable = "rw" in fields[5].split(",") and "rw" in super_options.split(",")
        found.append((fields[4], kind, is_writable))
    return found


def _lets_write(place: str) -> bool:
    """Whether this user may write in a folder or file. What the engine hides, it covers with the null device."""
    return (os.path.isdir(place) or os.path.isfile(place)) and os.access(place, os.W_OK)


def _let_through() -> list[str]:
    """The calls of ``TRIED`` that the filter does not refuse."""
    machine = syscalls.architecture()
    if machine is None:
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for name, (call, arguments) in TRIED.items():
        number = syscalls.number_of(syscalls.REFUSED[call], machine)
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number or -1), *(ctypes.c_long(word) for word in arguments))
        if result >= 0 or ctypes.get_errno() not in {errno.EPERM, errno.ENOSYS}:
            found.append(name)
    return found
