"""What an archive says about itself: `manifest.json`, its last file, with the SHA-256 of every other one; and whether that is true."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.zips import DAMAGED

NAME, FORMAT = "manifest.json", 1
PIECE = 1 << 20
MOST_MANIFEST = 256 << 20


class ArchiveBroken(AppError):
    http_status = 422
    default_code = "archive_broken"


@dataclass(frozen=True)
class Line:
    """stored: where the file lay, `place/name`; empty for what was written for the archive."""

    path: str
    bytes: int
    sha256: str
    stored: str = ""


@dataclass(frozen=True)
class Manifest:
    """missing: stored files that were named and were not there."""

    course: str
    name: str
    made_at: str
    version: str
    files: list[Line]
    missing: list[str]

    def to_json(self) -> bytes:
        return (json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def read(cls, archive: ZipFile) -> "Manifest":
        """Raises ArchiveBroken."""
        try:
            info = archive.getinfo(NAME)
            if info.file_size > MOST_MANIFEST:
                raise ArchiveBroken("The manifest of this archive is larger than any that we write.")
            raw: dict[str, Any] = json.loads(archive.read(info))
            if raw.pop("format") != FORMAT:
                raise ArchiveBroken("This archive is of a newer version of Milliamp.", code="archive_unknown")
            return cls(**raw | {"files": [Line(**one) for one in raw["files"]]})
        except (KeyError, TypeError, AttributeError, *DAMAGED) as error:
            raise ArchiveBroken("This file is no archive of a course: it has no manifest that can be read.") from error

    @property
    def total(self) -> int:
        return sum(one.bytes for one in self.files)


def verify(path: "str | Path") -> Manifest:
    """Read every byte and compare it with the manifest. Raises ArchiveBroken: which files differ; BadInput (`cannot_be_read`)."""
    try:
        with Path(path).open("rb") as file:
            return verify_file(file)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", code="cannot_be_read") from error


def verify_file(file: IO[bytes]) -> Manifest:
    try:
        with ZipFile(file) as archive:
            manifest = Manifest.read(archive)
            wrong = list(_differences(archive, manifest))
    except DAMAGED as error:
        raise ArchiveBroken("This file is no whole ZIP: it was cut off or damaged on its way.") from error
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ArchiveBroken(f"Not as the manifest says: {', '.join(wrong[:5])}{more}.", details={"files": wrong[:100]})
    return manifest


def _differences(archive: ZipFile, manifest: Manifest) -> Iterator[str]:
    said = {one.path: one for one in manifest.files}
    names = [one for one in archive.namelist() if one != NAME]
    yield from sorted(said.keys() ^ set(names))
    for name in names:
        if name in said:
            try:
                size, digest = _summed(archive, name)
            except DAMAGED:
                yield name
                continue
            if (size, digest) != (said[name].bytes, said[name].sha256):
                yield name


def _summed(archive: ZipFile, name: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()
