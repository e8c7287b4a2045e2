"""One moment of the database: copied whole into a set, and asked beside it. The site goes on writing meanwhile.

SQLite: its online backup, in one step, which is one reading transaction; in WAL mode it keeps nobody from writing. PostgreSQL: a transaction
of repeatable read exports its snapshot, pg_dump copies that one, and what is asked is asked in the same.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.db import connection, transaction

from courseplatform.core.file_places import Place, names_in
from courseplatform.keeping.errors import BackupFailed
from courseplatform.keeping.sets.postgres import program, run

SQLITE, POSTGRES = "sqlite", "postgresql"


class Snapshot(Protocol):
    file: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of that moment."""


def engine() -> str:
    return SQLITE if connection.vendor == "sqlite" else POSTGRES


@contextmanager
def snapshot_taken(folder: Path) -> Iterator[Snapshot]:
    """The copy is in `folder` when the body begins. Raises BackupFailed, OSError."""
    with (_sqlite if engine() == SQLITE else _postgres)(folder) as found:
        yield found


class _Copy:
    def __init__(self, file: Path, copy: sqlite3.Connection) -> None:
        self.file, self._copy = file, copy

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._copy.execute(sql).fetchall()


@contextmanager
def _sqlite(folder: Path) -> Iterator[Snapshot]:
    file = folder / "database.sqlite3"
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        try:
            with closing(sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=60)) as source:
                source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, which can be opened where nothing can be written
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise OSError(28, "No space left on device") from error
            raise BackupFailed(f"SQLite could not copy the database: {error}.") from error
        yield _Copy(file, copy)


class _Cursor:
    def __init__(self, file: Path) -> None:
        self.file = file

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


@contextmanager
def _postgres(folder: Path) -> Iterator[Snapshot]:
    file = folder / "database.dump"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            exported = str(cursor.fetchone()[0])
        options = [
            "--format=custom",
            "--compress=3",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={exported}",
            f"--file={file}",
        ]
        run(program("pg_dump"), options)
        file.chmod(0o600)
        yield _Cursor(file)


def names_of(snapshot: Snapshot, place: Place) -> set[str]:
    """Every name of the place that a row has at that moment."""
    found: set[str] = set()
    quote = connection.ops.quote_name
    for model, name in place.columns():
        column, table = quote(model._meta.get_field(name).column), quote(model._meta.db_table)  # type: ignore[union-attr, arg-type]
        found |= names_in(snapshot.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''"))  # noqa: S608 names of ours  # nosec B608
    return found
