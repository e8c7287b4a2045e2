"""Unfinished uploads as files in UPLOADS_DIR, on the same disk as MEDIA_ROOT: a finished one is moved, never copied."""

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings

from courseplatform.core.errors import Unavailable
from courseplatform.uploads.errors import StorageFull
from courseplatform.uploads.spools.base import State

log = structlog.get_logger(__name__)
RESERVE_BYTES = 200 << 20  # stays free for the database and the logs
FULL = {errno.ENOSPC, errno.EDQUOT}


def full() -> StorageFull:
    return StorageFull(
        "Our disk is full; it is not your fault. What has arrived so far stays, and the upload goes on when there is room. "
        "Tell the course staff if it stays so."
    )


@contextmanager
def our_disk() -> Iterator[None]:
    """A disk that is full or broken is our fault, and is said so."""
    try:
        yield
    except OSError as error:
        log.error("upload_not_stored", why=str(error))  # noqa: TRY400 the reason is one line
        if error.errno in FULL:
            raise full() from error
        said = (
            "Our disk cannot take or give the file now; it is not your fault, and what arrived stays. Try again soon."
        )
        raise Unavailable(said, code="storage_failed") from error


def probe_folder(folder: Path) -> None:
    """Write something there and remove it. Raises StorageFull, Unavailable."""
    with our_disk():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".health-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"ok")
        finally:
            probe.unlink(missing_ok=True)


class LocalSpool:
    piece_bytes = 2 << 20

    @staticmethod
    def _path(key: UUID) -> Path:
        return Path(settings.UPLOADS_DIR) / f"{key}.part"

    def check_room(self, size_bytes: int) -> None:
        with our_disk():
            folder = Path(settings.UPLOADS_DIR)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        if free < size_bytes + RESERVE_BYTES:
            raise full()

    @contextmanager
    def locked(self, key: UUID) -> Iterator[None]:
        """A lock of the kernel on the file: it ends with the process that holds it, however that ends."""
        with our_disk():
            descriptor = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def write(self, key: UUID, offset: int, data: bytes, state: State) -> State:
        with our_disk():
            descriptor = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                done = 0
                while done < len(data):
                    done += os.pwrite(descriptor, memoryview(data)[done:], offset + done)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return state

    def finish(self, key: UUID, size_bytes: int, state: State) -> str:
        with our_disk():
            if self._path(key).stat().st_size > size_bytes:  # what an overtaken writer left behind the end
                os.truncate(self._path(key), size_bytes)
            with self._path(key).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def opened(self, key: UUID) -> Iterator[Path]:
        """A second name of the same file: if recording fails after the move, the upload is still here."""
        link = self._path(key).with_suffix(f".{secrets.token_hex(4)}.link")
        with our_disk():
            os.link(self._path(key), link)
        try:
            yield link
        finally:
            link.unlink(missing_ok=True)

    def discard(self, key: UUID, state: State) -> None:
        with our_disk():
            for path in Path(settings.UPLOADS_DIR).glob(f"{key}.*"):
                path.unlink(missing_ok=True)

    def probe(self) -> None:
        for folder in (settings.UPLOADS_DIR, settings.MEDIA_ROOT):
            probe_folder(Path(folder))

    def keys(self) -> Iterator[UUID]:
        folder = Path(settings.UPLOADS_DIR)
        for path in folder.iterdir() if folder.is_dir() else ():
            try:
                yield UUID(path.name.split(".", 1)[0])
            except ValueError:
                continue  # not ours
