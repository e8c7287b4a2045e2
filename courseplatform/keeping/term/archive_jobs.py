"""Archives that are asked for at a page: a row is the order, an ordinary worker makes it, and a week later it is gone.

A worker that is killed leaves a row without a sign of life; the sweep puts it into line again, twice at most.
"""

import hashlib
import os
import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.audit.models import Act
from courseplatform.audit.recording import audit_record
from courseplatform.core import wake
from courseplatform.core.errors import AppError, Conflict, IllegalMove, NotHere
from courseplatform.core.leaving import file_leaves
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.keeping.models import ARCHIVE_MOVES, ArchiveMove, ArchiveStatus, CourseArchive
from courseplatform.keeping.models.terms import SILENT, STAYS
from courseplatform.keeping.term.archive import archive_write
from courseplatform.notices.services.notifications import notification_send

TASK, BY = "keeping.archives", "archive worker"
MOST_TRIES = 3
TELL_EVERY = timedelta(seconds=2)
log = structlog.get_logger(__name__)


def archive_ask(*, visit: Visit) -> CourseArchive:
    """Raises Conflict (`archive_in_the_making`)."""
    try:
        with transaction.atomic():
            row = CourseArchive.objects.create(course=visit.course, person=visit.person)
            audit_record(
                course=visit.course,
                person=visit.person,
                act=Act.EXPORTED,
                what="Asked for an archive of the whole course",
            )
            transaction.on_commit(partial(wake.post, TASK, "ordinary"))
    except IntegrityError as error:
        raise Conflict("An archive of this course is being made already.", code="archive_in_the_making") from error
    return row


def archive_get(visit: Visit, pk: int) -> CourseArchive:
    """Raises NotHere."""
    row = CourseArchive.objects.filter(course=visit.course, pk=pk).first()
    if row is None:
        raise NotHere("There is no such archive of this course.")
    return row


def archives_sweep(*, now: datetime | None = None) -> int:
    """Make what waits, put what was killed into line again, let go what is a week old. Returns how many were made. May run twice and at once."""
    now = now or timezone.now()
    for row in CourseArchive.objects.filter(status=ArchiveStatus.RUNNING, beat_at__lt=now - SILENT):
        _again_or_not(row, "The worker that made it was stopped.")
    _old_go(now)
    return sum(
        _make(row) for row in CourseArchive.objects.filter(status=ArchiveStatus.WAITING).order_by("asked_at", "pk")
    )


def _make(row: CourseArchive) -> bool:
    """Whether this worker made it; another one may have been faster."""
    try:
        move(row, moves=ARCHIVE_MOVES, to=ArchiveStatus.RUNNING, by=BY, history=ArchiveMove, guard={"tries": row.tries},
             beat_at=timezone.now(), tries=row.tries + 1, done_files=0, done_bytes=0)  # fmt: skip
    except IllegalMove:
        return False
    folder = Path(settings.INCOMING_DIR)  # what a killed worker leaves there is swept
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="archive-", suffix=".part") as file:
            manifest = archive_write(file, _visit(row), tell=_Telling(row))
            file.flush()
            os.fsync(file.fileno())
            _keep(row, Path(file.name), len(manifest.files), len(manifest.missing))
    except IllegalMove:
        log.warning("archive_lost", archive=row.pk)  # it was silent for so long that another one makes it
        return False
    except AppError as error:
        _failed(row, error.code, error.message)
        return False
    except OSError as error:
        log.error("archive_failed", archive=row.pk, why=str(error))  # noqa: TRY400 one line
        _failed(row, "storage_failed", "Our disk took no more of it. The operators were told; ask for it again later.")
        return False
    return True


class _Telling:
    """Signs of life, and how far it is; every two seconds at most. Raises IllegalMove where the row is not this worker's any more."""

    def __init__(self, row: CourseArchive) -> None:
        self.row, self.told = row, timezone.now()

    def __call__(self, files: int, size: int) -> None:
        now = timezone.now()
        if now - self.told < TELL_EVERY:
            return
        self.told = now
        ours = CourseArchive.objects.filter(pk=self.row.pk, status=ArchiveStatus.RUNNING, tries=self.row.tries)
        if not ours.update(beat_at=now, done_files=files, done_bytes=size):
            raise IllegalMove("Another worker makes this archive.", code="lost_race")


def _visit(row: CourseArchive) -> Visit:
    """Whoever asked must still be an instructor. Raises Conflict (`no_instructor`)."""
    mine = row.course.enrolments.filter(person=row.person, role=Role.INSTRUCTOR, is_active=True) if row.person else None
    if row.person is None or mine is None or not mine.exists():
        raise Conflict("Whoever asked for it is no instructor of this course any more.", code="no_instructor")
    return Visit(row.person, row.course, Role.INSTRUCTOR)


def _keep(row: CourseArchive, path: Path, files: int, missing: int) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        row.file.save("archive.zip", File(file), save=False)
    name = str(row.file.name)
    try:
        with transaction.atomic():
            move(
                row, moves=ARCHIVE_MOVES, to=ArchiveStatus.DONE, by=BY, history=ArchiveMove, guard={"tries": row.tries}, ended_at=timezone.now(),
                file=name, files=files, missing=missing, bytes=path.stat().st_size, sha256=digest,
            )  # fmt: skip
            _tell(row)
    except IllegalMove:
        file_leaves(name)
        raise


def _tell(row: CourseArchive) -> None:
    if row.person is not None:
        notification_send(
            course=row.course, people=[row.person], kind="keeping", key=f"archive-{row.pk}",
            title=f"The archive of {row.course.number or row.course.title} is ready",
            text="It can be fetched for a week, from the page End of term of the course.", path=f"{row.course.get_absolute_url()}term/",
        )  # fmt: skip


def _again_or_not(row: CourseArchive, why: str) -> None:
    to = ArchiveStatus.WAITING if row.tries < MOST_TRIES else ArchiveStatus.FAILED
    more = (
        {}
        if to == ArchiveStatus.WAITING
        else {"error_code": "worker_stopped", "error_message": why, "ended_at": timezone.now()}
    )
    try:
        move(
            row,
            moves=ARCHIVE_MOVES,
            to=to,
            by="sweep",
            why=why,
            history=ArchiveMove,
            guard={"tries": row.tries, "beat_at": row.beat_at},
            **more,
        )
    except IllegalMove:
        log.info("archive_lives", archive=row.pk)


def _failed(row: CourseArchive, code: str, said: str) -> None:
    try:
        move(
            row, moves=ARCHIVE_MOVES, to=ArchiveStatus.FAILED, by=BY, why=code, history=ArchiveMove, guard={"tries": row.tries}, ended_at=timezone.now(),
            error_code=code[:60], error_message=said[:500],
        )  # fmt: skip
    except IllegalMove:
        log.info("archive_settled", archive=row.pk)


def _old_go(now: datetime) -> None:
    for row in CourseArchive.objects.filter(status=ArchiveStatus.DONE, ended_at__lte=now - STAYS):
        name = str(row.file.name)
        try:
            with transaction.atomic():
                move(
                    row,
                    moves=ARCHIVE_MOVES,
                    to=ArchiveStatus.GONE,
                    by="sweep",
                    why="a week is over",
                    history=ArchiveMove,
                    file="",
                )
                file_leaves(name)
        except IllegalMove:
            log.info("archive_gone_already", archive=row.pk)
