"""Files of the command line on this machine: who is signed in, what was chosen, what is not finished, names for completion."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

from courseplatform.cli.client.words import WrongUse

FOLDER_VARIABLE = "MILLIAMP_FOLDER"
SIGN_IN, CHOICES, NAMES, UNFINISHED = "sign-in.json", "choices.json", "names.json", "unfinished"


def folder() -> Path:
    """Where the platform keeps what a program was told."""
    if said := os.environ.get(FOLDER_VARIABLE):
        return Path(said).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "milliamp"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "milliamp"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "milliamp"


def read(name: str) -> dict[str, Any]:
    """A document; empty where there is none, or where what is there is none."""
    try:
        found = json.loads((folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(name: str, document: dict[str, Any]) -> None:
    """Whole or not at all, for this user alone (0600). Raises WrongUse, code `cannot_write`."""
    target = folder() / name
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=str(target.parent), prefix=".new-")  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        said = f"{target} cannot be written: {error.strerror}. Name another folder in {FOLDER_VARIABLE}."
        raise WrongUse(said, "cannot_write") from error


def remove(name: str) -> bool:
    """Whether it was there."""
    try:
        (folder() / name).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise WrongUse(f"{folder() / name} cannot be removed: {error.strerror}.", "cannot_write") from error
    return True


def is_read_by_others(name: str) -> bool:
    """Whether a file can be read by other people of this machine."""
    try:
        mode = (folder() / name).stat().st_mode
    except OSError:
        return False
    return os.name != "nt" and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def choices() -> dict[str, Any]:
    return read(CHOICES)


def choose(**said: Any) -> None:
    """Remembers; where it cannot be written, nothing is lost but that."""
    before = choices()
    if {**before, **said} != before:
        with contextlib.suppress(WrongUse):
            write(CHOICES, {**before, **said})


def names_keep(course: str, labs: list[str], courses: list[str] | None = None) -> None:
    """Slugs for completion, which asks no site."""
    known = read(NAMES)
    found = {**known, "labs": {**known.get("labs", {}), course: labs}} if course else dict(known)
    if courses is not None:
        found["courses"] = courses
    if found != known:
        with contextlib.suppress(WrongUse):
            write(NAMES, found)
