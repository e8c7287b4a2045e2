"""The database of the site, replaced by a copy in one step: before it all is as it was, after it all is as in the copy."""

import fcntl
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfile

from django.conf import settings
from django.db import connection

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.keeping.errors import RestoreRefused
from courseplatform.keeping.sets.postgres import login, program, refuse
from courseplatform.keeping.sets.snapshots import SQLITE, engine

RUNNING = "The site is running. Stop it first: a restore replaces the database under it."


def site_name() -> str:
    """What an operator types to say which site is replaced: the database's name, or that of the data directory."""
    return Path(settings.DATA_DIR).name if engine() == SQLITE else str(connection.settings_dict["NAME"])


def site_is_empty() -> bool:
    """No tables, or nobody and no course in them."""
    if User._meta.db_table not in connection.introspection.table_names():
        return True
    return not User.objects.exists() and not Course.objects.exists()


@contextmanager
def nobody_else() -> Iterator[None]:
    """Raises RestoreRefused (`site_running`)."""
    if engine() == SQLITE:
        Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        with (Path(settings.DATA_DIR) / "up.lock").open("a") as lock:  # that of `manage.py up`
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RestoreRefused(RUNNING, code="site_running") from error
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    if others:
        raise RestoreRefused(f"{RUNNING} {others} other connections use its database.", code="site_running")
    yield


def database_replaced(copy: Path) -> None:
    """Raises BackupFailed, OSError."""
    connection.close()
    if engine() == SQLITE:
        _sqlite(copy, Path(str(connection.settings_dict["NAME"])))
    else:
        _postgres(copy)


def _sqlite(copy: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}.restoring")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    copyfile(copy, beside)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():  # what its log still holds belongs to it, and must not be read into the copy
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    beside.replace(target)
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)


def _postgres(copy: Path) -> None:
    """One transaction of psql: all that was there goes, all of the copy comes. psql gets the end of its input, and so commits, only when
    pg_restore has read the archive to its end."""
    wipe = ["--command=DROP SCHEMA public CASCADE", "--command=CREATE SCHEMA public"]
    psql = [
        program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        *wipe,
        "--file=-",
    ]
    reading = [program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(copy)]
    env = login() | {"PGOPTIONS": "-c client_min_messages=warning"}
    with subprocess.Popen(
        psql, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdin is not None
        assert writer.stderr is not None
        done = subprocess.run(reading, env=env, stdout=writer.stdin, stderr=subprocess.PIPE, check=False)
        if done.returncode and writer.poll() is None:
            writer.kill()  # the server takes back what was begun
            refuse("pg_restore", done.stderr.decode(errors="replace"), done.returncode)
        writer.stdin.close()
        said = writer.stderr.read().decode(errors="replace")
    if writer.returncode:
        refuse("psql", said, writer.returncode)
