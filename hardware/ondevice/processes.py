"""Look at and end a group of processes from outside, through /proc."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MAX_LISTED = 4096


@dataclass(frozen=True)
class Usage:
    """What a group of processes uses now.

    ``peak_bytes`` is the largest resident set a single one of them ever had; ``cpu_s`` is what those still alive have
    used.
    """

    resident_bytes: int
    peak_bytes: int
    threads: int
    processes: int
    cpu_s: float


def children(pid: int) -> list[int]:
    """Direct children of all threads of ``pid``; empty where it has ended."""
    found: list[int] = []
    try:
        for task in os.listdir(PROC / str(pid) / "task"):
            text = (PROC / str(pid) / "task" / task / "children").read_text()
            found.extend(int(word) for word in text.split())
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``, parents before their children."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < MAX_LISTED:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def _status(pid: int) -> dict[str, int]:
    wanted = {"VmRSS", "VmHWM", "Threads"}
    values: dict[str, int] = {}
    try:
        text = (PROC / str(pid) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return values
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in wanted:
            values[name] = int(rest.split()[0]) * (1 if name == "Threads" else 1024)
    return values


def _cpu_s(pid: int) -> float:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # The name in parentheses may hold spaces; user and system time are fields 14 and 15 of proc(5).
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def proportional_bytes(pid: int) -> int | None:
    """Pages of one process, shared ones divided by how many share them. None where they cannot be read."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return None
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def usage(pids: list[int], limit_bytes: int) -> Usage:
    """Add up what ``pids`` use. Shared pages are told apart only above ``limit_bytes``: that reading is slow."""
    statuses = {pid: _status(pid) for pid in pids}
    resident = sum(status.get("VmRSS", 0) for status in statuses.values())
    if resident > limit_bytes:
        resident = 0
        for pid, status in statuses.items():
            share = proportional_bytes(pid)
            resident += status.get("VmRSS", 0) if share is None else share
    peak = max((status.get("VmHWM", 0) for status in statuses.values()), default=0)
    threads = sum(status.get("Threads", 0) for status in statuses.values())
    return Usage(resident, peak, threads, len(pids), sum(map(_cpu_s, pids)))


def kill_below(pid: int, within_s: float = 5.0) -> None:
    """Kill all below ``pid`` until nothing is left. ``pid`` itself is a helper of ours that then ends by itself."""
    deadline = time.monotonic() + within_s
    while (pids := descendants(pid)) and time.monotonic() < deadline:
        for each in pids:
            kill(each)
        time.sleep(0.005)


def kill(pid: int) -> None:
    """Send SIGKILL; a process that has ended already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
