"""Read the small text files in which a kernel says things. One that is missing or refuses is None."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str | None:
    """What the file says, without blanks around it and without the zero byte that device trees end with."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip("\0 \t\r\n")
    except OSError:
        return None


def number(path: Path) -> float | None:
    """The number in the file."""
    said = text(path)
    try:
        return None if said is None else float(said)
    except ValueError:
        return None


def hexadecimal(said: str | None) -> int | None:
    """A number as 0x50005, also as in throttled=0x50005."""
    try:
        return None if said is None else int(said.rpartition("=")[2], 16)
    except ValueError:
        return None


def meminfo(root: Path) -> dict[str, int]:
    """Sizes of /proc/meminfo below ``root`` in bytes; empty where it cannot be read."""
    said = text(root / "proc/meminfo") or ""
    return {
        name: int(rest.split()[0]) * 1024
        for name, _, rest in (line.partition(":") for line in said.splitlines())
        if rest.split() and rest.split()[0].isdigit()
    }
