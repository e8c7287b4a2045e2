"""Which agent this is: the release, and a hash of the code that runs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

RELEASE = "1.0.0"
PACKAGE = Path(__file__).resolve().parents[1]
SHORT = 12


def code_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """Of (place below hardware/ondevice, content) in order, as hexadecimal digits."""
    digest = hashlib.sha256()
    for place, content in files:
        digest.update(f"{place} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def code_files(package: Path = PACKAGE) -> list[tuple[str, bytes]]:
    """All code that travels, in the order of its names."""
    paths = sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).as_posix())
    return [(path.relative_to(package).as_posix(), path.read_bytes()) for path in paths]


@functools.cache
def version() -> str:
    """As 1.0.0+3f2a9c81d0e4."""
    return f"{RELEASE}+{code_hash(code_files())[:SHORT]}"
