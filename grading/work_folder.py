"""Where a run keeps copies of hidden inputs while it lasts. Nothing stays there, also after a kill -9."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A folder of this run's own below `parent`, gone at the end. It is locked while this process lives."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear(parent)
    with tempfile.TemporaryDirectory(prefix="run-", dir=parent, ignore_cleanup_errors=True) as folder:
        lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(folder)
        finally:
            os.close(lock)


def clear(parent: Path) -> None:
    """Remove what workers left behind that ended without a word. Folders of living ones are locked and stay."""
    if not parent.is_dir():
        return
    for folder in parent.iterdir():
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        except OSError:
            continue  # another worker was faster
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
