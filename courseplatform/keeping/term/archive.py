"""The archive of a course: one ZIP that can be read without this software. Written file by file, so that memory is the same for any course."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.utils import timezone

from courseplatform.core.errors import NotHere, Unavailable
from courseplatform.core.file_places import place_of
from courseplatform.courses.access import Visit
from courseplatform.courses.archive_parts import Entry, Made, Stored, Text, archive_parts
from courseplatform.courses.models import Course, Role
from courseplatform.keeping.sets.manifest import version
from courseplatform.keeping.term.manifest import NAME, Line, Manifest
from courseplatform.keeping.term.readme import readme

PIECE = 1 << 20
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of every file, so that the same facts make the same bytes
Tell = Callable[[int, int], None]  # (files so far, bytes so far)


def nobody(files: int, size: int) -> None:
    """Where nobody watches."""


@dataclass
class _Writing:
    archive: ZipFile
    tell: Tell
    lines: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    size: int = 0

    def has(self, entry: Entry) -> bool:
        """Of what is left over: whether another part brought it."""
        return isinstance(entry, Stored) and entry.is_rest and f"{entry.place}/{entry.name}" in self.stored

    def add(self, entry: Entry) -> None:
        if isinstance(entry, Text):
            self._copy(entry.path, [entry.data], "")
            return
        if isinstance(entry, Made):
            self._copy(entry.path, entry.pieces(), "")
            return
        self.stored.add(f"{entry.place}/{entry.name}")
        try:
            source: BinaryIO = place_of(entry.place).store().open(entry.name)
        except FileNotFoundError:
            self.missing.append(entry.path)
            return
        except OSError as error:
            said = f"Our disk does not give {entry.path} now. Try again later; nothing was changed."
            raise Unavailable(said, code="storage_failed") from error
        with closing(source):
            self._copy(entry.path, _pieces(source), f"{entry.place}/{entry.name}")

    def _copy(self, path: str, pieces: Iterable[bytes], stored: str) -> None:
        digest, size = hashlib.sha256(), 0
        info = ZipInfo(path, FIRST_DAY)
        info.compress_type = ZIP_STORED if stored else ZIP_DEFLATED  # models, PDFs and pictures are packed already
        info.external_attr = 0o600 << 16
        with self.archive.open(info, "w", force_zip64=True) as target:
            for piece in pieces:
                target.write(piece)
                digest.update(piece)
                size += len(piece)
                self.tell(len(self.lines), self.size + size)
        self.lines.append(Line(path, size, digest.hexdigest(), stored))
        self.size += size


def archive_write(target: IO[bytes], visit: Visit, *, now: datetime | None = None, tell: Tell = nobody) -> Manifest:
    """Write the archive of the visit's course. Nothing of it is kept where this raises: Unavailable (`storage_failed`)."""
    now = now or timezone.now()
    course, parts = visit.course, archive_parts()
    with ZipFile(target, "w", allowZip64=True) as archive:
        writing = _Writing(archive, tell)
        writing.add(Text("README.txt", readme(course, parts, now).encode()))
        taken = set[str]()
        for part in parts:
            for entry in part.build(visit):
                if not writing.has(entry):
                    writing.add(_named_once(entry, taken))
        said = course.name + (f", {course.term}" if course.term else "")
        manifest = Manifest(course.slug, said, now.isoformat(), version(), writing.lines, writing.missing)
        info = ZipInfo(NAME, FIRST_DAY)
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
        archive.writestr(info, manifest.to_json())
    return manifest


def archive_to(path: Path, visit: Visit, *, tell: Tell = nobody) -> Manifest:
    """The same as a file that nobody else reads; it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("xb") as file:
            part.chmod(0o600)
            manifest = archive_write(file, visit, tell=tell)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def visit_for_archive(course: Course) -> Visit:
    """As the first instructor sees the course: for whoever sits at the machine. Raises NotHere (`no_instructor`)."""
    first = course.enrolments.filter(role=Role.INSTRUCTOR).select_related("person").order_by("-is_active", "pk").first()
    if first is None:
        raise NotHere(
            f"{course.slug} has no instructor, in whose name its tables are read. Enrol one first.",
            code="no_instructor",
        )
    return Visit(first.person, course, Role.INSTRUCTOR)


def _named_once(entry: Entry, taken: set[str]) -> Entry:
    """Two rows may call for the same path; the second one gets a number."""
    path, number = entry.path, 1
    while path.lower() in taken:
        number += 1
        stem, dot, ending = entry.path.rpartition(".")
        path = f"{stem}-{number}.{ending}" if dot and "/" not in ending else f"{entry.path}-{number}"
    taken.add(path.lower())
    return entry if path == entry.path else replace(entry, path=path)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece
