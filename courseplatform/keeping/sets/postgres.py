"""PostgreSQL's own programs: where they are, and how they sign in without a word on the command line."""

import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

from django.db import connection

from courseplatform.keeping.errors import BackupFailed

VARIABLES = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def program(name: str) -> str:
    """The path of pg_dump, pg_restore or psql. Raises BackupFailed (`no_postgresql_client`)."""
    path = shutil.which(name)
    if path is None:
        said = f"{name} is not installed here. Install PostgreSQL's client programs (Debian: postgresql-client), at least as new as the server."
        raise BackupFailed(said, code="no_postgresql_client")
    return path


def login() -> dict[str, str]:
    """The environment of such a program: passwords in a command line are read by everybody on the machine."""
    found = {
        name: str(connection.settings_dict[key]) for key, name in VARIABLES.items() if connection.settings_dict.get(key)
    }
    options = connection.settings_dict.get("OPTIONS") or {}
    found |= {name: str(options[key]) for key, name in OPTIONS.items() if options.get(key)}
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C",
        "PGCONNECT_TIMEOUT": "10",
    } | found


def run(path: str, options: list[str]) -> None:
    """Raises BackupFailed with the last line of what the program said, OSError where its disk was full."""
    done = subprocess.run(
        [path, *options], env=login(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        refuse(path, done.stderr, done.returncode)


def refuse(path: str, said: str, code: int) -> NoReturn:
    if "No space left" in said:
        raise OSError(errno.ENOSPC, "No space left on device")
    last = (said.strip().splitlines() or [f"it ended with {code}"])[-1]
    raise BackupFailed(f"{Path(path).name} did not come to its end: {last[:300]}.")
