"""A file that is about to be read: whatever the operating system says about it becomes a coded sentence.

Standard library only: the web process asks for every upload.
"""

import stat
from pathlib import Path

from grading.bench.errors import BenchError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def file_size(path: Path) -> int:
    """Bytes of a regular file that this process can open. A pipe or a device is never opened: that could wait for ever.

    Raises:
        BenchError: file_missing and file_unreadable (infrastructure: never the fault of whoever handed it in),
            not_a_file (refused).
    """
    name = _shown(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = KINDS.get(stat.S_IFMT(found.st_mode), "no file")
            raise BenchError("not_a_file", f"{name} is {kind}, not a model file. Name one file.")
        with path.open("rb"):
            return found.st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BenchError("file_missing", f"{name} does not exist here.", outcome="infrastructure") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> BenchError:
    """What an error of the operating system about `path` means."""
    why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return BenchError(
        "file_unreadable", f"{_shown(path)} cannot be read here ({why.lower()}).", outcome="infrastructure"
    )


def _shown(path: Path) -> str:
    """The name as text that can be printed: a name on disk need not be UTF-8."""
    return path.name[:80].encode("utf-8", "replace").decode("utf-8")
