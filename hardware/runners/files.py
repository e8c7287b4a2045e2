"""Files and logs of board jobs: what goes to a runner, what comes back from it, byte for byte and once."""

import hashlib
import tempfile
from collections.abc import Iterable
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, Sum

from courseplatform.core.errors import AppError, BadInput, Conflict, NotHere, TooLarge
from courseplatform.core.leaving import file_leaves
from hardware.models import BoardFile, BoardJob, LogPiece, Purpose, Runner, Status

MOST_LOG_BYTES, MOST_FILE_BYTES, MOST_FILES = 1 << 20, 64 << 20, 4
MOST_CHECKS_KEPT = 200  # of one board: more than a term has days
MOST_CHECK_BYTES = 2 << 20  # of a golden model's results: some thousand times
NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class LogOffset(AppError):
    """416: go on from `committed`."""

    http_status = 416
    default_code = "log_offset"


def log_committed(job: BoardJob, attempt: int) -> int:
    """Bytes of the log of this attempt that are here."""
    return int(LogPiece.objects.filter(job=job, attempt=attempt).aggregate(n=Sum("size"))["n"] or 0)


def log_is_full(committed: int) -> bool:
    return committed >= MOST_LOG_BYTES


def log_add(*, job: BoardJob, attempt: int, offset: int, data: bytes, is_over: bool = False) -> tuple[int, bool]:
    """Append to the log, unless the end is recorded (`is_over`). What is here already is passed over, so a piece may come twice.

    Returns:
        (bytes that are here now, whether the rest is not kept any more)

    Raises LogOffset where there would be a gap.
    """
    with transaction.atomic():
        BoardJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        committed = log_committed(job, attempt)
        if offset > committed:
            said = f"{committed} bytes of the log are here; go on from there."
            raise LogOffset(said, details={"committed": committed})
        fresh = b"" if is_over else data[committed - offset :][: MOST_LOG_BYTES - committed]
        if fresh:
            LogPiece.objects.create(job=job, attempt=attempt, start=committed, size=len(fresh), data=fresh)
    committed += len(fresh)
    return committed, is_over or log_is_full(committed)


def log_text(job: BoardJob, attempt: int) -> str:
    """The log of an attempt as text; bytes that are none are marked."""
    pieces = LogPiece.objects.filter(job=job, attempt=attempt).order_by("start").values_list("data", flat=True)
    return b"".join(bytes(piece) for piece in pieces).decode("utf-8", "replace")


def file_to_send(job: BoardJob, name: str) -> BoardFile:
    """Raises NotHere."""
    found = job.files.filter(attempt=0, name=name).first()
    if found is None:
        raise NotHere("This job has no such file.")
    return found


def result_file(job: BoardJob, attempt: int, named: dict[str, Any]) -> BoardFile | None:
    """What the runner sent in this attempt by that name and hash."""
    return job.files.filter(
        attempt=attempt, name=str(named.get("name"))[:60], sha256=str(named.get("sha256"))[:64]
    ).first()


def files_forget(job: BoardJob) -> None:
    """A job that is given out anew has no result: what earlier attempts sent is of no use, and would let one board fill the disk."""
    _drop(job.files.filter(attempt__gt=0, attempt__lt=job.attempt))


def checks_forget(runner: Runner) -> None:
    """Keep files, logs and words of the newest golden models alone: a board that starts anew all day has one each time. What came out stays, in
    HealthCheck. To be called with each new one.
    """
    ended = BoardJob.objects.filter(runner=runner, purpose=Purpose.HEALTH, status=Status.FINISHED).order_by(
        "-queued_at"
    )
    for job in ended[MOST_CHECKS_KEPT : MOST_CHECKS_KEPT + 20]:
        _drop(job.files.all())
        job.delete()


def _drop(rows: "QuerySet[BoardFile]") -> None:
    """Rows now, their bytes once nothing can bring the rows back."""
    for row in rows:
        file_leaves(str(row.file.name))
        row.delete()


def file_add(
    *, job: BoardJob, attempt: int, name: str, sha256: str, pieces: Iterable[bytes], is_over: bool = False
) -> BoardFile:
    """Keep a file that a runner sends. The same file again is the one that is here; once the end is recorded (`is_over`) no other is taken.

    Raises:
        BadInput: code `bad_name`, or `hash_wrong`: other bytes came than were announced.
        TooLarge: all files of the attempt are above 64 MiB (2 MiB for a golden model), or too many.
        Conflict: code `file_differs`: another file of that name is here, or none may come any more.
    """
    if not name or len(name) > 60 or name.startswith(".") or not set(name) <= NAME_LETTERS:
        raise BadInput("A file's name has lower-case letters, digits, hyphens and dots, at most 60.", code="bad_name")
    before = job.files.filter(attempt=attempt, name=name).first()
    if before is not None:
        return _same(before, sha256)
    if is_over:
        raise Conflict("This attempt was ended without such a file.", code="file_differs")
    kept = job.files.filter(attempt=attempt).aggregate(n=Count("pk"), size=Sum("bytes"))
    if kept["n"] >= MOST_FILES:
        raise TooLarge(f"A run sends at most {MOST_FILES} files.", code="too_many_files")
    most = (MOST_CHECK_BYTES if job.purpose == Purpose.HEALTH else MOST_FILE_BYTES) - int(kept["size"] or 0)
    with tempfile.TemporaryFile() as held:
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            size += len(piece)
            if size > most:
                raise TooLarge(f"The files of this run have at most {most} bytes more.", code="file_too_large")
            digest.update(piece)
            held.write(piece)
        if digest.hexdigest() != sha256:
            raise BadInput(
                "The bytes that came have another SHA-256 than was announced. Send the file again.", code="hash_wrong"
            )
        held.seek(0)
        row = BoardFile(job=job, attempt=attempt, name=name, bytes=size, sha256=sha256)
        row.file.save(name, File(held), save=False)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # the same call, twice at once
            row.file.delete(save=False)
            return _same(job.files.get(attempt=attempt, name=name), sha256)
    return row


def _same(row: BoardFile, sha256: str) -> BoardFile:
    if row.sha256 != sha256:
        raise Conflict(f"Another file {row.name} came in this attempt before; that one stands.", code="file_differs")
    return row
