"""Making a set: the database as it was in one moment, and every file that it names then."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, rmtree
from typing import Any, BinaryIO

import structlog
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.core.file_places import places
from courseplatform.core.states import move
from courseplatform.keeping.errors import BackupFailed
from courseplatform.keeping.models import MOVES, Backup, BackupStatus
from courseplatform.keeping.sets.manifest import FileLine, Manifest, secret_word, sha256_of, version
from courseplatform.keeping.sets.shelf import Shelf
from courseplatform.keeping.sets.snapshots import Snapshot, engine, names_of, snapshot_taken
from courseplatform.keeping.verifying import set_verify

log = structlog.get_logger(__name__)
BEAT_S, PIECE = 10.0, 1 << 20
SECRET = "secret_key"  # noqa: S105 the name of a file, as env.embedded_secret writes it  # nosec B105
FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Made:
    row: Backup
    folder: Path
    manifest: Manifest
    pruned: list[str]
    left_over: list[str]


def backup_make(*, to: Path, keep: int | None, is_verified: bool, now: datetime | None = None) -> Made:
    """Make a set in the folder `to`, beside earlier ones, whose files it shares.

    Args:
        keep: how many of the newest sets stay; None: all. is_verified: read all files of the set once more and compare them.

    Raises:
        Conflict: `backup_running`. BackupFailed: `backup_disk_full`, `no_postgresql_client`, `backup_failed`. Damaged. Each but the first
        leaves a row that says so, and earlier sets as they are.
    """
    now = now or timezone.now()
    name = f"{now:%Y%m%dT%H%M%S}Z"
    shelf = Shelf(to)
    with _ours(to), shelf.held():
        left = shelf.clear()
        place = f"{socket.gethostname()}:{to.absolute()}"[:300]
        _settle_killed(place)
        row = Backup.objects.create(name=name, place=place, begun_at=now, beat_at=now)
        unfinished = to / f".{name}.unfinished"
        try:
            with _failures_kept(row), _ours(to), _beating(row.pk):
                shelf.begin(name)
                manifest, new_bytes = _fill(unfinished, shelf, name)
                folder = shelf.finish(unfinished, name)
                verified_at = _verified(folder) if is_verified else None
                pruned = shelf.prune(keep) if keep else []
        except BaseException:
            rmtree(unfinished, ignore_errors=True)
            raise
        move(
            row, moves=MOVES, to=BackupStatus.DONE, by="backup", ended_at=timezone.now(), verified_at=verified_at, files=len(manifest.files),
            all_bytes=manifest.all_bytes, new_bytes=new_bytes, missing=len(manifest.missing),
        )  # fmt: skip
    return Made(row, folder, manifest, pruned, left)


def _verified(folder: Path) -> datetime:
    set_verify(folder)
    return timezone.now()


@contextmanager
def _ours(to: Path) -> Iterator[None]:
    """What the disk of the sets says, as a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            said = f"The disk of {to} is full; no set was made, and earlier sets are whole. Make room, or keep fewer sets with --keep."
            raise BackupFailed(said, code="backup_disk_full") from error
        raise BackupFailed(
            f"{error.filename or to} cannot be read or written: {error.strerror}. No set was made."
        ) from error


@contextmanager
def _failures_kept(row: Backup) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        code = error.code if isinstance(error, AppError) else type(error).__name__
        said = error.message if isinstance(error, AppError) else "The backup was stopped, or met a fault of ours."
        with suppress(DatabaseError):  # on the same full disk
            move(row, moves=MOVES, to=BackupStatus.FAILED, by="backup", ended_at=timezone.now(), error_code=code[:60], error_message=said[:500])  # fmt: skip
        log.error("backup_failed", code=code, place=row.place)  # noqa: TRY400 whoever called says it
        raise


def _settle_killed(place: str) -> None:
    """Under the lock of this folder nobody else makes a set in it: what still runs by its row was killed."""
    for row in Backup.objects.filter(place=place, status=BackupStatus.RUNNING):
        said = "The backup was killed before its end. What it left was taken away."
        move(row, moves=MOVES, to=BackupStatus.FAILED, by="backup", ended_at=row.beat_at, error_code="backup_killed", error_message=said)  # fmt: skip


@contextmanager
def _beating(pk: int) -> Iterator[None]:
    """Signs of life from a thread with a connection of its own: while they come, no file is deleted (core/leaving.py)."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            with suppress(DatabaseError):
                Backup.objects.filter(pk=pk).update(beat_at=timezone.now())
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _fill(folder: Path, shelf: Shelf, name: str) -> tuple[Manifest, int]:
    """(what the set holds, bytes that were copied for it)."""
    with snapshot_taken(folder) as snapshot:
        made_at = timezone.now()
        named = {place.key: names_of(snapshot, place) for place in places()}
        counts, migrations = counts_in(snapshot), migrations_in(snapshot)
        file = snapshot.file
    lines, missing, new_bytes = _files(folder, shelf, named)
    database: dict[str, Any] = {"file": file.name, "bytes": file.stat().st_size, "sha256": sha256_of(file)}
    _secret(folder)
    made = Manifest(name, made_at, version(), engine(), database, migrations, counts, secret_word(), lines, missing)
    made.write(folder)
    return made, new_bytes + database["bytes"]


def counts_in(snapshot: Snapshot) -> dict[str, int]:
    """Rows of every table that a model has."""
    rows = [model._meta for model in apps.get_models(include_auto_created=True)]
    tables = sorted({meta.db_table for meta in rows if meta.managed and not meta.proxy})
    quote = connection.ops.quote_name
    return {table: int(snapshot.rows(f"SELECT count(*) FROM {quote(table)}")[0][0]) for table in tables}  # noqa: S608 names of ours  # nosec B608


def migrations_in(snapshot: Snapshot) -> list[list[str]]:
    return [
        [str(app), str(name)]
        for app, name in snapshot.rows("SELECT app, name FROM django_migrations ORDER BY app, name")
    ]


def _files(folder: Path, shelf: Shelf, named: dict[str, set[str]]) -> tuple[list[FileLine], list[str], int]:
    """(files that are in the set now, files that are nowhere, bytes that were copied)."""
    before = shelf.before()
    known = {(one.place, one.name): one for one in before[1].files} if before else {}
    lines, missing, new_bytes = [], [], 0
    for place in places():
        store = place.store()
        listing = store.listing()
        for name in sorted(named[place.key]):
            old = known.get((place.key, name))
            if before and old and old.stamp == listing.get(name) and _shared(before[0] / old.path, folder / old.path):
                lines.append(old)
                continue
            try:
                line = _copied(folder, place.key, name, listing.get(name, ""), store.open)
            except FileNotFoundError:
                missing.append(f"{place.key}/{name}")
                continue
            lines.append(line)
            new_bytes += line.size_bytes
    return lines, missing, new_bytes


def _shared(old: Path, new: Path) -> bool:
    """A second name of the same bytes; a copy where the disk knows no such names. Whether the old ones are there."""
    new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EXDEV):
            raise
        copyfile(old, new)
    return True


def _copied(folder: Path, key: str, name: str, stamp: str, opened: Callable[[str], BinaryIO]) -> FileLine:
    digest, size, target = sha256(), 0, folder / "files" / key / name
    with opened(name) as source:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while piece := source.read(PIECE):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
    return FileLine(key, name, size, digest.hexdigest(), stamp)


def _secret(folder: Path) -> None:
    """The embedded world's own secret goes with it. That of a deployment is the operator's, and is kept with the other secrets."""
    path = Path(settings.DATA_DIR) / SECRET
    if settings.EMBEDDED and path.is_file():
        descriptor = os.open(folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(path.read_text())
