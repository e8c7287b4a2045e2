"""A note with its images as a zip, as a pull request or a repository gives it. Bounded in everything, and nothing is unpacked to a disk."""

import posixpath
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO
from urllib.parse import unquote

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.image_files import MOST_BYTES as MOST_IMAGE_BYTES
from courseplatform.core.image_files import read_image
from courseplatform.core.zips import DAMAGED, is_locked, is_usually_packed
from courseplatform.scribe import text

MOST_ZIP_BYTES, MOST_ENTRIES, MOST_UNPACKED, MOST_IMAGES = 20 << 20, 300, 40 << 20, 40
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".svg", ".gif")
TEXT_ENDINGS = (".md", ".markdown")


@dataclass
class Archive:
    """`images`: content by the name that the text uses for it. `unused`: names of what was left alone."""

    name: str
    text: str
    images: dict[str, bytes] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


def image_name(source: str) -> str:
    """How an image is named in one way: `./fig/a%20b.png` is `fig/a b.png`. Empty where it is no relative path."""
    name = unquote(source).split("?")[0].split("#")[0].replace("\\", "/").strip()
    if not name or "://" in name or name.startswith(("/", "data:")) or "\0" in name or len(name) > 200:
        return ""
    return posixpath.normpath(name)


def read_archive(content: bytes, *, chosen: str = "") -> Archive:
    """The one Markdown file of a zip, or the `chosen` one, with the images beside and below it.

    Raises:
        TooLarge: `zip_too_large`, `zip_too_many_files`, `zip_bomb`, or what the text or an image is refused for.
        BadInput: `not_a_zip`, `unsafe_path`, `zip_encrypted`, `no_markdown`, `several_markdown`, or what the text or an image is refused for.
    """
    if len(content) > MOST_ZIP_BYTES:
        raise TooLarge(
            f"The zip is larger than {MOST_ZIP_BYTES >> 20} MiB. Put only the note and its images in it.",
            code="zip_too_large",
        )
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _read(archive, chosen)
    except DAMAGED as error:
        raise BadInput(
            "This file is no zip that can be read. Pack it again, or upload the .md alone.", code="not_a_zip"
        ) from error


def _read(archive: zipfile.ZipFile, chosen: str) -> Archive:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_ENTRIES:
        raise TooLarge(
            f"The zip holds more than {MOST_ENTRIES} files. Put only the note and its images in it.",
            code="zip_too_many_files",
        )
    for entry in entries:
        _check(entry)
    entries = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    note = _note(entries, chosen)
    budget = Budget(MOST_UNPACKED)
    found = Archive(
        name=posixpath.basename(note.filename),
        text=text.decoded(budget.read(archive, note, text.MOST_BYTES), note.filename),
    )
    folder = posixpath.dirname(note.filename)
    for entry in entries:
        if entry is note:
            continue
        if not entry.filename.lower().endswith(IMAGE_ENDINGS) or len(found.images) >= MOST_IMAGES:
            found.unused.append(entry.filename)
            continue
        image = budget.read(archive, entry, MOST_IMAGE_BYTES)
        read_image(image, entry.filename)
        found.images[posixpath.relpath(entry.filename, folder or ".")] = image
    return found


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    if name.startswith("/") or "\\" in name or "\0" in name or ":" in name or ".." in name.split("/") or is_link:
        raise BadInput(
            f"The zip names a file outside of itself ({name[:80]!r}). Nothing was read. Pack it again.",
            code="unsafe_path",
        )
    if is_locked(entry):
        raise BadInput("The zip is locked with a password. Pack it without one.", code="zip_encrypted")
    if not is_usually_packed(entry):
        raise BadInput("The zip is packed in an uncommon way. Pack it again with the usual settings.", code="not_a_zip")


def _note(entries: list[zipfile.ZipInfo], chosen: str) -> zipfile.ZipInfo:
    texts = [entry for entry in entries if entry.filename.lower().endswith(TEXT_ENDINGS)]
    if chosen:
        texts = [entry for entry in texts if chosen in (entry.filename, posixpath.basename(entry.filename))]
    if not texts:
        raise BadInput(
            f"The zip holds no Markdown file{f' named {chosen[:80]}' if chosen else ' (.md)'}.", code="no_markdown"
        )
    if len(texts) > 1:
        names = ", ".join(entry.filename for entry in texts[:5])
        raise BadInput(
            f"The zip holds several Markdown files ({names}). Name the note in the field below.",
            code="several_markdown",
        )
    return texts[0]


class Budget:
    """What may still be unpacked. The sizes that a zip states are not believed: bytes are counted as they come."""

    def __init__(self, left: int) -> None:
        self.left = left

    def read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
        with archive.open(entry) as stream:
            content = _at_most(stream, min(most, self.left) + 1)
        if len(content) > self.left or len(content) > most:
            raise TooLarge(
                f"{entry.filename[:80]} unpacks to more than {min(most, self.left) >> 10} KiB. Nothing was imported.",
                code="zip_bomb",
            )
        self.left -= len(content)
        return content


def _at_most(stream: IO[bytes], count: int) -> bytes:
    parts, got = [], 0
    while got < count and (part := stream.read(min(1 << 16, count - got))):
        parts.append(part)
        got += len(part)
    return b"".join(parts)
