"""Uploads go straight to disk in the data directory, hashed on the way; never into memory, never in part.

A file that is announced larger than the site takes is read and thrown away, so that the browser gets our sentence and
not a broken connection; one that is absurdly large is cut off.
"""

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload, TemporaryFileUploadHandler

from courseplatform.core.errors import AppError, TooLarge, Unavailable

log = structlog.get_logger(__name__)
DRAIN_TIMES = 8  # how many times the limit is read before the connection is cut


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"This file is larger than {limit >> 20} MiB, the most that this site takes. Nothing was recorded.",
        code="too_large",
    )


class HashedFile(TemporaryUploadedFile):
    """A file on disk in INCOMING_DIR, gone when it is closed and was not moved. sha256: hex digest of its bytes, once complete."""

    sha256: str = ""

    def __init__(self, name: str, content_type: str | None, charset: str | None) -> None:
        Path(settings.INCOMING_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(suffix=".upload", dir=settings.INCOMING_DIR)  # noqa: SIM115
        UploadedFile.__init__(self, file, name, content_type, 0, charset)


class HashingUploadHandler(TemporaryFileUploadHandler):
    """The only upload handler: hash, limit, and no trace of what broke off."""

    digest: Any
    file: HashedFile
    received = 0
    is_cut_off = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        if content_length > settings.MAX_UPLOAD_BYTES + (1 << 20):
            self._refuse(too_large(settings.MAX_UPLOAD_BYTES))
        self.is_cut_off = content_length > DRAIN_TIMES * settings.MAX_UPLOAD_BYTES

    def _refuse(self, error: AppError) -> None:
        """Remembered for the form: whoever reads request.FILES first (the CSRF check does) could not answer with it."""
        self.request.upload_refused = error  # type: ignore[union-attr]

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.is_cut_off:
            raise StopUpload(connection_reset=True)
        if getattr(self.request, "upload_refused", None) is not None:
            raise SkipFile
        FileUploadHandler.new_file(self, *args, **kwargs)  # not the parent's: it would open a file elsewhere
        with self._on_our_disk():
            self.file = HashedFile(self.file_name or "file", self.content_type, self.charset)
        self.digest, self.received = hashlib.sha256(), 0

    @contextmanager
    def _on_our_disk(self) -> Iterator[None]:
        """A disk that is full or gone is our fault, and is said so."""
        try:
            yield
        except OSError as error:
            log.error("upload_not_stored", why=str(error))  # noqa: TRY400 the reason is one line
            self._refuse(
                Unavailable(
                    "Our disk cannot take the file now; nothing was recorded, and it is not your fault. Staff were told; try again soon.",
                    code="storage_failed",
                )
            )
            raise SkipFile from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.MAX_UPLOAD_BYTES:
            self._refuse(too_large(settings.MAX_UPLOAD_BYTES))
            self.file.close()
            raise SkipFile
        self.digest.update(raw_data)
        with self._on_our_disk():
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> HashedFile | None:
        try:
            with self._on_our_disk():
                self.file.seek(0)  # writes what is still in the buffer
        except SkipFile:  # Django expects that while a file comes, and not at its end
            with suppress(OSError):
                self.file.close()  # tries to write it again
            return None
        self.file.size = file_size
        self.file.sha256 = self.digest.hexdigest()
        # From here on the sender waits for us, not we for the sender: courseplatform/metrics/middleware.py.
        self.request.body_ended = time.perf_counter()  # type: ignore[union-attr]
        return self.file
