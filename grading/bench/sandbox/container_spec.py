"""What is asked of the engine for one container, and whether that is what holds inside. Plain values, no engine needed.

Flags and their reasons: docs/measurement.md, "The sandbox". Nothing of a request reaches the engine but numbers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from hardware.ondevice.sandbox.layout import TMP_INSIDE
from hardware.ondevice.sandbox.request import MIB, Limits

STAGE_INSIDE = "/in"
CPUINFO_INSIDE = "/proc/cpuinfo"
STAGE_BYTES = 2048 * MIB
# Before a run is known: enough to import any runtime.
WAITING_BYTES = 1024 * MIB
# Of this machine's memory, for one run: the rest is for the worker, the containers that wait, and the system.
MEMORY_SHARE = 0.75
OPEN_FILES, FILE_BYTES = 256, STAGE_BYTES
SHM_BYTES = 4 * MIB
# The container's own init, and the threads of Go's runtime while the engine starts it.
EXTRA_PROCESSES = 16
# Each container has a user of its own, so that limits counted by user, and signals, stay within it.
FIRST_USER, USERS = 2_000_000, 1_000_000
# What alone can be written to inside: the given files' folder, scratch, shared memory; queues, whose calls are refused.
WRITABLE = {STAGE_INSIDE: "tmpfs", str(TMP_INSIDE): "tmpfs", "/dev/shm": "tmpfs", "/dev/mqueue": "mqueue"}  # noqa: S108  # nosec B108


@dataclass(frozen=True)
class Asked:
    """Limits of one container: bytes of memory (without any swap), processors, processes with threads, its user.

    ``emulated``: it is for another processor than this machine's, and is told of that one.
    """

    memory_bytes: int
    cpus: int
    pids: int
    user: int
    emulated: bool = False


def own_processors() -> list[int]:
    """The processors that this process may use, in order; the containers get the last of them."""
    return sorted(os.sched_getaffinity(0))


def own_memory_bytes() -> int:
    """The memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def cpus_for(cores: int | None) -> int:
    """How many processors a run gets: the smaller of what it asks for and what this machine has; all for None."""
    here = len(own_processors())
    return here if cores is None else max(1, min(cores, here))


def memory_for(wanted_bytes: int) -> int:
    """How many bytes a run that plays a device gets: what it asks for, or the share of this machine's memory that runs may take.

    A limit that the machine cannot give is none: the kernel would end the worker, or the model, whenever the machine is full.
    """
    return min(wanted_bytes, int(own_memory_bytes() * MEMORY_SHARE) // MIB * MIB)


def asked_for(limits: Limits, staged_bytes: int, user: int, *, emulated: bool = False) -> Asked:
    """What a run gets. The files it is given lie in memory and cannot be removed, so they come on top of its own.

    They take whole pages, and the kernel counts a limit in pages: rounded up to a MiB.
    """
    staged_bytes = -(-staged_bytes // MIB) * MIB
    return Asked(limits.memory_bytes + staged_bytes, cpus_for(limits.cores), pids_for(limits.threads), user, emulated)


def pids_for(threads: int) -> int:
    """The engine's bound on threads and processes together; the harness's own threads are bound more tightly inside."""
    return threads + EXTRA_PROCESSES


def cpuset(cpus: int) -> str:
    """The last ``cpus`` of our processors, as the engine writes them."""
    return ",".join(map(str, own_processors()[-cpus:]))


def host_config(asked: Asked, seccomp: str) -> dict[str, Any]:
    """The keywords of the SDK's ``create_host_config``. ``seccomp`` is the profile itself, not a path."""
    tmp = "rw,noexec,nosuid,nodev,mode=1777,nr_inodes=4096"
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={seccomp}"],
        "privileged": False,
        "init": True,
        "ipc_mode": "private",
        "cgroupns": "private",
        "shm_size": SHM_BYTES,
        "mem_limit": asked.memory_bytes,
        "memswap_limit": asked.memory_bytes,
        "cpuset_cpus": cpuset(asked.cpus),
        "pids_limit": asked.pids,
        "ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": FILE_BYTES, "Hard": FILE_BYTES},
        ],
        "tmpfs": {
            STAGE_INSIDE: f"{tmp},size={STAGE_BYTES}",
            str(TMP_INSIDE): f"{tmp},size={Limits().tmp_bytes}",
        },
        "log_config": {"type": "none", "config": {}},
        "restart_policy": {"Name": "no"},
        "oom_score_adj": 500,
    }


def mismatches(asked: Asked, seen: dict[str, Any]) -> list[str]:
    """What holds inside and is not what was asked, one sentence each; empty where all is as it should be."""
    wanted = {
        "memory_bytes": asked.memory_bytes,
        "swap_bytes": 0,
        "pids": asked.pids,
        "cpus": asked.cpus,
        "open_files": OPEN_FILES,
        "core_bytes": 0,
        "file_bytes": FILE_BYTES,
        "capabilities": 0,
        "no_new_privileges": True,
        "seccomp": True,
        "uids": [asked.user],
        "groups": [asked.user],
        "interfaces": ["lo"],
        "foreign": [CPUINFO_INSIDE] if asked.emulated else [],
        "writable": WRITABLE,
        "let_through": [],
    }
    return [f"{name} is {seen.get(name)}, not {value}" for name, value in wanted.items() if seen.get(name) != value]
