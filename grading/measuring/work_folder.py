"""Where a run keeps copies of hidden inputs while it lasts. Nothing stays there, also after a kill -9."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A folder of this run's own below `parent`, gone at the end. It is locked while this process lives."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _alone_in(parent):  # or another worker that clears up takes it away before it is locked
            _clear(parent)
            folder = tempfile.TemporaryDirectory(prefix="run-", dir=parent, ignore_cleanup_errors=True)
            stack.enter_context(folder)
            lock = os.open(folder.name, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder.name)


@contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """One worker at a time makes and clears folders here."""
    lock = os.open(parent, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def clear(parent: Path) -> None:
    """Remove what workers left behind that ended without a word. Folders of living ones are locked and stay."""
    if parent.is_dir():
        with _alone_in(parent):
            _clear(parent)


def _clear(parent: Path) -> None:
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
