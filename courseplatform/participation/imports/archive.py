"""Zip files and JSON from outside, read in memory within limits; nothing is ever written to a path that a file names."""

import json
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.zips import DAMAGED, is_locked, is_usually_packed

MOST_FILES = 20_000
MOST_DIRECTORY_BYTES = 8 << 20  # of the zip's own table of contents
MOST_TOTAL_BYTES = 160 << 20  # unpacked, all files together
MOST_JSON_VALUES = 2_000_000
TAIL = 22 + (1 << 16)  # where the end record of a zip must begin
END_MARK, END_RECORD = b"PK\x05\x06", struct.Struct("<4s4H2LH")


class Archive:
    """An open zip. names: the files that may be read; what leads outside is left out and counted in `odd`."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file, self._left = file, MOST_TOTAL_BYTES
        infos = [info for info in file.infolist() if not info.is_dir()]
        if any(is_locked(info) for info in infos):
            raise BadInput(
                "This zip is locked with a password. Unpack it, zip it without one, and import that.", code="locked_zip"
            )
        if not all(is_usually_packed(info) for info in infos):
            raise BadInput(
                "This zip is packed in an uncommon way. Download the export again, and import that.", code="broken_zip"
            )
        self.names = {info.filename for info in infos if not _is_odd(info.filename)}
        self.odd = len(infos) - len(self.names)

    def read(self, name: str, most: int) -> bytes:
        """Raises TooLarge (`unpacks_too_large`) by what really comes out, whatever the zip says about itself."""
        most = min(most, self._left)
        with _clear_errors(), self._file.open(name) as member:
            found = member.read(most + 1)
        if len(found) > most:
            raise TooLarge(
                f"{_shown(name)} in this zip unpacks to more than {most >> 20} MiB. No export of a course is that large; nothing was imported.",
                code="unpacks_too_large",
            )
        self._left -= len(found)
        return found


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Raises BadInput (`not_a_zip`, `broken_zip`, `locked_zip`) or TooLarge (`too_many_files`)."""
    _check_directory(path)
    with _clear_errors(), zipfile.ZipFile(path) as file:
        if len(file.filelist) > MOST_FILES:
            raise _too_many_files()
        yield Archive(file)


def is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _check_directory(path: Path) -> None:
    """The size of the table of contents, before zipfile reads all of it into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - TAIL, 0))
        tail = file.read()
    place = tail.rfind(END_MARK)
    if place < 0 or len(tail) - place < END_RECORD.size:
        raise BadInput("This is not a whole zip file: its end is missing. Download the export again.", code="not_a_zip")
    directory_bytes = END_RECORD.unpack_from(tail, place)[5]
    if directory_bytes > MOST_DIRECTORY_BYTES:  # also the mark of the 64-bit form, which no export of a course needs
        raise _too_many_files()


def _too_many_files() -> TooLarge:
    return TooLarge(
        f"This zip holds more than {MOST_FILES} files. Export the days of this course only, and import that.", code="too_many_files"
    )  # fmt: skip


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        raise BadInput(
            "This zip is damaged and cannot be unpacked. Download the export again.", code="broken_zip"
        ) from error


def _is_odd(name: str) -> bool:
    return name.startswith(("/", "\\")) or "\\" in name or ":" in name[:3] or ".." in name.split("/") or "\x00" in name


def _shown(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[-80:]


def parsed(raw: bytes, name: str) -> Any:
    """JSON in UTF-8, UTF-16 or UTF-32. Raises BadInput (`wrong_encoding`, `bad_json`) or TooLarge (`too_many_values`)."""
    # A few bytes of "[[],[],..." become hundreds in memory: count what would be made before it is made.
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MOST_JSON_VALUES:
        raise TooLarge(
            f"{_shown(name)} holds more than {MOST_JSON_VALUES} values. Export a shorter span of days.",
            code="too_many_values",
        )
    try:
        return json.loads(raw)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{_shown(name)} is not written in UTF-8 (byte {error.start}). Import the file as it was exported, not one that another program saved.",
            code="wrong_encoding",
        ) from error
    except RecursionError as error:
        raise BadInput(
            f"{_shown(name)} is nested deeper than any export; nothing was imported.", code="bad_json"
        ) from error
    except ValueError as error:
        raise BadInput(f"{_shown(name)} is not JSON that can be read: {str(error)[:120]}.", code="bad_json") from error
