"""A complete upload becomes what it was sent for: the taker gets a file, and when all went well the upload is used up."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.core.files.base import File

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, Conflict, IllegalMove, NotHere, TooLarge
from courseplatform.core.states import move
from courseplatform.uploads import purposes
from courseplatform.uploads.models import MOVES, Status, Upload, UploadMove
from courseplatform.uploads.selectors import upload_get
from courseplatform.uploads.services.receiving import check_is_open, forget_bytes, upload_refuse, upload_settle
from courseplatform.uploads.spools.base import spool

SOON = timedelta(minutes=10)


class TakenUpload(File):  # type: ignore[type-arg]
    """A complete upload as a file on disk, in the shape of one that came with a form.

    Attributes:
        sha256: hex digest that we computed. size: bytes. upload_key: the same upload handed in twice is one hand-in.
        completed_at: when the last byte was safely here.
        spool_key: where a store can copy it from by itself; see s3_storage.py.
    """

    def __init__(self, upload: Upload, path: Path | None) -> None:
        super().__init__(path.open("rb") if path else None, name=upload.file_name)
        self.path, self.sha256, self.upload_key = path, upload.sha256, upload.pk
        self.completed_at, self.spool_key = upload.completed_at, upload.pk
        self._size = upload.size_bytes

    @property
    def size(self) -> int:
        return self._size

    def temporary_file_path(self) -> str:
        """Whoever gets it may move it. Raises Conflict (`upload_taken`) where it was used up before."""
        if self.path is None:
            raise Conflict("This upload was used already. Choose the file again.", code="upload_taken")
        return str(self.path)

    def counts_from(self, now: datetime) -> datetime:
        """When it counts as handed in: when its last byte arrived, if it was handed in soon after; else now.

        Between the two lie a line that broke after the last byte, or a page that was reloaded. A file that was parked here before the
        deadline and handed in the day after is late all the same.
        """
        return self.completed_at if self.completed_at and now - self.completed_at <= SOON else now


@contextmanager
def upload_taking(*, person: User, upload_id: UUID, purpose: str, target: str) -> Iterator[TakenUpload]:
    """The body records what the file is for. If it raises BadInput or TooLarge the file is no good and goes; after anything else it stays
    for another try.

    Raises:
        NotHere: not this person's, or sent for something else. Gone. Conflict: `upload_incomplete`. What the purpose raises.
    """
    upload = upload_get(person=person, upload_id=upload_id)
    if (upload.purpose, upload.target) != (purpose, target):
        raise NotHere("There is no such upload for this, or it is not yours.")
    upload = upload_settle(upload=upload)
    _check_complete(upload)
    if upload.status == Status.TAKEN:
        yield TakenUpload(upload, None)  # the same click again: the taker knows what became of it
        return
    try:
        purposes.check(
            person=person, purpose=purpose, target=target, file_name=upload.file_name, size_bytes=upload.size_bytes
        )
        with spool().opened(upload.pk) as path, TakenUpload(upload, path) as file:
            yield file
    except (BadInput, TooLarge) as error:
        upload_refuse(upload=upload, code=error.code)
        raise
    _use_up(upload)


def _check_complete(upload: Upload) -> None:
    check_is_open(upload)
    if upload.status == Status.RECEIVING:
        here, size = numbers.size(upload.offset_bytes), numbers.size(upload.size_bytes)
        said = f"{here} of {size} of {upload.file_name} are here. Send the rest first."
        raise Conflict(said, code="upload_incomplete", details={"offset_bytes": upload.offset_bytes})


def _use_up(upload: Upload) -> None:
    try:
        move(upload, moves=MOVES, to=Status.TAKEN, by=upload.person.email, history=UploadMove)
    except IllegalMove:
        return  # two clicks at once: the other one has said so
    forget_bytes(upload.pk, upload.spool_state)
