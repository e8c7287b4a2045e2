"""The folder in which sets stand beside each other. A set is there when its folder has its name; until then it is `.NAME.unfinished`."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from courseplatform.core.errors import Conflict
from courseplatform.keeping.errors import NoSet
from courseplatform.keeping.sets.manifest import NAME, Manifest, manifest_read

UNFINISHED, GOING, DAMAGED = ".unfinished", ".going", "DAMAGED"


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """One backup at a time. A lock of the kernel: it ends with the process, however that ends. Raises Conflict (`backup_running`)."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                said = f"Another backup is being made in {self.folder}. Wait for its end."
                raise Conflict(said, code="backup_running") from error
            yield

    def clear(self) -> list[str]:
        """Take away what killed backups left; only under the lock. Returns the names of sets that were never finished."""
        left = [path for path in self.folder.iterdir() if path.name.endswith((UNFINISHED, GOING)) and path.is_dir()]
        for path in left:
            shutil.rmtree(path)
        return [path.name.removeprefix(".").removesuffix(UNFINISHED) for path in left if path.name.endswith(UNFINISHED)]

    def begin(self, name: str) -> Path:
        path = self.folder / f".{name}{UNFINISHED}"
        path.mkdir(mode=0o700)
        return path

    def finish(self, unfinished: Path, name: str) -> Path:
        """All bytes are on the disk before the set has its name."""
        os.sync()
        made = unfinished.rename(self.folder / name)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return made

    def sets(self) -> list[Path]:
        """Finished ones, the oldest first."""
        return sorted(path.parent for path in self.folder.glob(f"[0-9]*/{NAME}"))

    def before(self) -> tuple[Path, Manifest] | None:
        """The newest set whose files may be shared: none in which damage was found."""
        for path in reversed(self.sets()):
            if not (path / DAMAGED).exists():
                try:
                    return path, manifest_read(path)
                except NoSet:
                    continue
        return None

    def prune(self, keep: int) -> list[str]:
        """Take away all but the newest `keep` sets. A file goes with the last set that shares it."""
        gone = []
        for path in self.sets()[:-keep]:
            going = path.rename(self.folder / f".{path.name}{GOING}")
            shutil.rmtree(going)
            gone.append(path.name)
        return gone
