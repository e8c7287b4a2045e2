"""An upload from its announcement to its last byte. The browser, the API and any tus client call these; none knows a request.

What counts is the row: `offset_bytes` moves on only after the bytes before it are durable, by an update that still finds the same offset
and the same writer. A killed process loses at most the piece it was reading; of two writers at once, one gets `wrong_offset`.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.clock import shared_now
from courseplatform.core.errors import BadInput, Conflict, IllegalMove, TooLarge, TooMany, Unavailable
from courseplatform.core.states import move
from courseplatform.uploads import purposes
from courseplatform.uploads.errors import ChecksumDiffers, Gone
from courseplatform.uploads.models import MOVES, Status, Upload, UploadMove, end_of_life
from courseplatform.uploads.spools.base import State, spool

MOST_OPEN = 8  # uploads of one person that are on their way or wait to be used
MOST_TIMES = 4  # and together at most so many times the largest file


class Source(Protocol):
    """Bytes from the line. May give fewer than asked for; b"" or OSError: the line is gone."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Checksum:
    """Of one chunk, as the tus extension has it: an algorithm of CHECKSUMS, and the digest."""

    algorithm: str
    digest: bytes


CHECKSUMS = ("sha256", "sha1")


def upload_create(
    *, person: User, purpose: str, target: str, file_name: str, size_bytes: int, declared_sha256: str = ""
) -> Upload:
    """Announce a file. Whether it may come is asked before its first byte.

    Raises:
        BadInput, TooLarge, or what the purpose raises: it may not come, or not now.
        TooMany: `too_many_uploads`. StorageFull: `disk_full`.
    """
    purposes.check(person=person, purpose=purpose, target=target, file_name=file_name, size_bytes=size_bytes)
    if size_bytes > settings.MAX_UPLOAD_BYTES:
        said = f"This file is larger than {numbers.size(settings.MAX_UPLOAD_BYTES)}, the most that this site takes."
        raise TooLarge(f"{said} Nothing was recorded.", code="too_large")
    spool().check_room(size_bytes)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)  # two tabs count one after the other
        _check_share(person, size_bytes)
        return Upload.objects.create(
            person=person, purpose=purpose, target=target, file_name=file_name[:255], size_bytes=size_bytes,
            declared_sha256=declared_sha256,
        )  # fmt: skip


def _check_share(person: User, size_bytes: int) -> None:
    mine = Upload.objects.of(person).open().aggregate(count=Count("pk"), size=Sum("size_bytes"))
    most = MOST_TIMES * settings.MAX_UPLOAD_BYTES
    if mine["count"] >= MOST_OPEN or (mine["size"] or 0) + size_bytes > most:
        raise TooMany(
            f"You have {mine['count']} unfinished uploads with {numbers.size(mine['size'] or 0)}; at most {MOST_OPEN} with "
            f"{numbers.size(most)} are kept. Finish or discard one of them on the page where it began.",
            code="too_many_uploads",
        )


def upload_append(
    *, upload: Upload, offset: int, source: Source, length: int, checksum: Checksum | None = None
) -> Upload:
    """Take `length` bytes from `source` behind the first `offset`. Returns the upload as it is then.

    Where the line breaks, what had arrived counts, unless the chunk has a checksum: then it counts whole or not at all.

    Raises:
        Conflict: `wrong_offset`, also when another connection has begun to send this file meanwhile.
        TooLarge: `beyond_length`. ChecksumDiffers. Gone. BadInput: `hash_differs` after the last byte.
    """
    _check_append(upload, offset, length)
    writer, place = secrets.token_hex(16), Upload.objects.filter(pk=upload.pk, status=Status.RECEIVING)
    if length:
        if not place.filter(offset_bytes=offset).update(writer=writer):
            raise _overtaken()
        upload.writer = writer
        _receive(upload, source, length, checksum)
    return upload_settle(upload=upload)


def _check_append(upload: Upload, offset: int, length: int) -> None:
    check_is_open(upload)
    if offset != upload.offset_bytes:
        raise Conflict(
            f"{upload.offset_bytes} bytes of this file are here, and these would begin at {offset}. Ask again where to go on.",
            code="wrong_offset",
        )
    if offset + length > upload.size_bytes:
        said = f"These {length} bytes at {offset} go beyond the {upload.size_bytes} bytes that were announced."
        raise TooLarge(f"{said} None of them was kept.", code="beyond_length")


def check_is_open(upload: Upload) -> None:
    """Raises Gone with the code `upload_expired`, `upload_discarded` or `upload_refused`."""
    words = {Status.EXPIRED: "ran out", Status.DISCARDED: "was discarded", Status.REFUSED: "was refused"}
    if word := words.get(Status(upload.status)):
        said = f"This upload {word}, and nothing of it is here any more. Begin anew with the file."
        raise Gone(
            said, code=f"upload_{upload.status}", details={"why": upload.error_code} if upload.error_code else {}
        )


def _overtaken() -> Conflict:
    said = "Another tab or an older connection sends this file too. This one ends; ask again where to go on."
    return Conflict(said, code="wrong_offset")


def _receive(upload: Upload, source: Source, length: int, checksum: Checksum | None) -> None:
    """Piece by piece. With a checksum the row moves on once, when the whole chunk is known to be right."""
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    start, state, left = upload.offset_bytes, dict(upload.spool_state), length
    end = start
    while left:
        data = _read(source, min(left, spool().piece_bytes))
        if not data:
            break
        with spool().locked(upload.pk):
            _check_writer(upload)
            state = spool().write(upload.pk, end, data, state)
            end, left = end + len(data), left - len(data)
            if digest is None:
                _commit(upload, end, state)
        if digest is not None:
            digest.update(data)
    if checksum is not None and digest is not None and not left:
        if digest.digest() != checksum.digest:
            said = "This part of the file arrived changed; it was thrown away. Send it again from the same place."
            raise ChecksumDiffers(said)
        _commit(upload, end, state)


def _read(source: Source, size: int) -> bytes:
    """As much of `size` as the line gives before it breaks."""
    got: list[bytes] = []
    while size:
        try:
            data = source.read(min(size, 256 << 10))
        except OSError:  # UnreadablePostError too
            break
        if not data:
            break
        got.append(data)
        size -= len(data)
    return b"".join(got)


def _check_writer(upload: Upload) -> None:
    if not Upload.objects.filter(pk=upload.pk, status=Status.RECEIVING, writer=upload.writer).exists():
        raise _overtaken()


def _commit(upload: Upload, offset: int, state: State) -> None:
    now = shared_now()
    arrived = now if offset == upload.size_bytes else None
    mine = Upload.objects.filter(
        pk=upload.pk, status=Status.RECEIVING, writer=upload.writer, offset_bytes=upload.offset_bytes
    )
    if not mine.update(offset_bytes=offset, spool_state=state, completed_at=arrived, expires_at=end_of_life()):
        raise _overtaken()
    upload.offset_bytes, upload.spool_state, upload.completed_at = offset, state, arrived


def upload_settle(*, upload: Upload) -> Upload:
    """Hash what is all here, and compare. Also called when a process died between the last byte and this.

    Raises:
        BadInput: `hash_differs`; then nothing of it is kept.
    """
    if upload.status != Status.RECEIVING or not upload.is_all_here:
        return upload
    found = spool().finish(upload.pk, upload.size_bytes, upload.spool_state)
    if upload.declared_sha256 and found != upload.declared_sha256:
        upload_refuse(upload=upload, code="hash_differs")
        raise BadInput(
            f"What arrived has the SHA-256 {found[:12]}..., and the file was announced with {upload.declared_sha256[:12]}... "
            "It was changed on the way, or while it was being sent. Nothing was recorded; choose the file again.",
            code="hash_differs",
        )
    try:
        return move(upload, moves=MOVES, to=Status.COMPLETE, by=upload.person.email, history=UploadMove, sha256=found)
    except IllegalMove:  # another request has just done the same, or the person has discarded it
        upload.refresh_from_db()
        check_is_open(upload)
        return upload


def upload_discard(*, upload: Upload, by: str) -> None:
    """The person does not want it any more. Raises Gone where it ended already, Conflict `upload_taken` where it was used."""
    check_is_open(upload)
    if upload.status == Status.TAKEN:
        raise Conflict("This file was handed in; it cannot be taken back.", code="upload_taken")
    _end(upload, Status.DISCARDED, by, "")


def upload_refuse(*, upload: Upload, code: str) -> None:
    _end(upload, Status.REFUSED, "the check", code)


def upload_expire(*, upload: Upload) -> None:
    """Raises IllegalMove where a byte has come since the row was read."""
    _end(upload, Status.EXPIRED, "sweep", "", guard={"expires_at": upload.expires_at})


def _end(upload: Upload, to: Status, by: str, code: str, guard: dict[str, Any] | None = None) -> None:
    move(upload, moves=MOVES, to=to, by=by, why=code, history=UploadMove, guard=guard, error_code=code)
    forget_bytes(upload.pk, upload.spool_state)


def forget_bytes(key: UUID, state: State) -> None:
    """After the commit. If it fails, the sweep finds what no open row speaks for."""
    transaction.on_commit(lambda: _discard(key, state), robust=True)


def _discard(key: UUID, state: State) -> None:
    with suppress(Unavailable):  # the spool has written why, in one line
        spool().discard(key, state)
