"""What a set says of itself: manifest.json, written last."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from courseplatform.keeping.errors import NoSet

FORMAT, NAME = 1, "manifest.json"


@dataclass(frozen=True)
class FileLine:
    """A file of a set. stamp: the word that its place had for these bytes (see file_places.Store.listing)."""

    place: str
    name: str
    size_bytes: int
    sha256: str
    stamp: str

    @property
    def path(self) -> str:
        return f"files/{self.place}/{self.name}"


@dataclass(frozen=True)
class Manifest:
    """engine: `sqlite` or `postgresql`. database: name, bytes and SHA-256 of the copy. migrations: app and name. counts: rows of each table.
    secret: a word that follows from SECRET_KEY and tells nothing of it. missing: files that rows named and that were not there.
    """

    name: str
    made_at: datetime
    version: str
    engine: str
    database: dict[str, Any]
    migrations: list[list[str]]
    counts: dict[str, int]
    secret: str
    files: list[FileLine] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def all_bytes(self) -> int:
        return int(self.database["bytes"]) + sum(one.size_bytes for one in self.files)

    def write(self, folder: Path) -> None:
        said = asdict(self) | {"format": FORMAT, "made_at": self.made_at.isoformat()}
        (folder / NAME).write_text(json.dumps(said, indent=1), encoding="utf-8")


def manifest_read(folder: Path) -> Manifest:
    """Raises NoSet: `no_backup_set`, `newer_backup_set`."""
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        written = said.pop("format")
        if written != FORMAT:
            raise NoSet(
                f"{folder} was written by another version of Milliamp (format {written}). Use that version to read it.",
                code="newer_backup_set",
            )
        files = [FileLine(**line) for line in said.pop("files")]
        made = Manifest(**said | {"made_at": datetime.fromisoformat(said["made_at"]), "files": files})
    except FileNotFoundError as error:
        raise NoSet(f"{folder} holds no finished set: there is no {NAME} in it. Name the folder of one set.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoSet(f"{folder / NAME} cannot be read. Take another set.") from error
    for line in made.files:
        if PurePosixPath(line.path).is_absolute() or ".." in PurePosixPath(line.path).parts:
            raise NoSet(f"{folder / NAME} names a file outside of the set. Take another set.")
    return made


def secret_word() -> str:
    """The same as long as SECRET_KEY is: signatures of receipts and the sealed keys of the LMS hang on it."""
    return salted_hmac("keeping.secret", "the secret of this site", algorithm="sha256").hexdigest()[:16]


def secret_word_of(secret: str) -> str:
    return salted_hmac("keeping.secret", "the secret of this site", secret=secret, algorithm="sha256").hexdigest()[:16]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version() -> str:
    import tomllib

    return str(tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"])
