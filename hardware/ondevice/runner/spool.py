"""The folder of one job: what was downloaded, the log as it grows, the result before the site is told of it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from hardware.ondevice.runner.settings import write_safely
from hardware.ondevice.runner.words import DiskFull, RunnerError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
RESULTS = "results.json"
LOG = "log.txt"
MOST_LOG_BYTES = 1 << 20
# Beside what a job brings, for its results, the journal and the machine itself.
SPARE_BYTES = 64 << 20


class Spool:
    """Everything of one attempt at one lease, below ``root``."""

    def __init__(self, root: Path, lease: str, attempt: int) -> None:
        self.folder = root / f"{plain_name(lease)}-{attempt}"
        self.inputs = self.folder / "inputs"
        self._begun = time.monotonic()
        self._lock = threading.Lock()

    def make(self, needed_bytes: int) -> None:
        """Make the folder, where its files will fit. Raises DiskFull."""
        with full_is_said():
            self.inputs.mkdir(parents=True, exist_ok=True, mode=0o700)
            free = free_bytes(self.folder)
            have = sum(path.stat().st_size for path in self.inputs.iterdir())
        if free + have < needed_bytes + SPARE_BYTES:
            raise DiskFull(f"This job needs {needed_bytes >> 20} MiB of disk, and {free >> 20} MiB are free.")

    def input(self, name: str) -> Path:
        """Where a file of the job lies."""
        return self.inputs / plain_name(name)

    def log(self, sentence: str) -> None:
        """Add a line. A log that does not fit is cut, and never a reason to fail."""
        line = f"+{time.monotonic() - self._begun:.1f} s {sentence}\n".encode("utf-8", "replace")
        with self._lock, contextlib.suppress(OSError), open(self.folder / LOG, "ab") as file:
            if file.tell() + len(line) <= MOST_LOG_BYTES:
                file.write(line)

    def read_log(self, offset: int = 0) -> bytes:
        """The log from a place on; empty where there is none."""
        with self._lock:
            try:
                with open(self.folder / LOG, "rb") as file:
                    file.seek(offset)
                    return file.read()
            except FileNotFoundError:
                return b""

    def keep_results(self, content: bytes) -> None:
        """On the disk when this returns. Raises DiskFull."""
        with full_is_said():
            write_safely(self.folder / RESULTS, content)

    def results(self) -> bytes:
        """What was kept. Raises OSError."""
        return (self.folder / RESULTS).read_bytes()

    def drop_inputs(self) -> None:
        """The files of the site are not kept longer than they are measured."""
        shutil.rmtree(self.inputs, ignore_errors=True)

    def clear(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def keep_only(root: Path, kept: set[str]) -> None:
    """Remove the folders of all attempts but those named, as they are called by ``Spool.folder``."""
    if not root.is_dir():
        return
    for path in root.iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def plain_name(name: str) -> str:
    """A name that is no path. Raises RunnerError."""
    if not NAME.fullmatch(name):
        raise RunnerError(f"{name!r} is not a plain file name.")
    return name


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write there."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def sha256_of(content: bytes) -> str:
    """As hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def full_is_said() -> Iterator[None]:
    """Turns what the system says of a full disk into DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFull(f"The disk is full: {error.strerror}.") from error
        raise
