"""What goes into the archive of a course: each room registers its part. keeping/term/archive.py writes it.

A table that a page gives as a file is asked of that page (`page_file`), so there is one writer of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db.models.fields.files import FieldFile
from django.http import HttpRequest
from django.urls import resolve, reverse

from courseplatform.core.errors import AppError
from courseplatform.core.leaving import MEDIA
from courseplatform.courses.access import Visit

OK = 200


@dataclass(frozen=True)
class Text:
    """A file that is written for the archive."""

    path: str
    data: bytes


@dataclass(frozen=True)
class Stored:
    """A file that lies in a place of files (core/file_places.py) and is copied. is_rest: only where no other part has copied it."""

    path: str
    name: str
    place: str = MEDIA
    is_rest: bool = False


@dataclass(frozen=True)
class Made:
    """A file that is written for the archive piece by piece, because it may be large."""

    path: str
    pieces: Callable[[], Iterable[bytes]]


Entry = Text | Made | Stored


@dataclass(frozen=True)
class ArchivePart:
    """says: path or folder -> what it holds, for README.txt. build: lazily, in an order that rows alone decide."""

    name: str
    order: int
    says: Mapping[str, str]
    build: Callable[[Visit], Iterable[Entry]]


_parts: dict[str, ArchivePart] = {}


def add_archive_part(part: ArchivePart) -> None:
    _parts[part.name] = part


def archive_parts() -> list[ArchivePart]:
    return sorted(_parts.values(), key=lambda one: (one.order, one.name))


def page_file(visit: Visit, path: str, route: str, **parts: Any) -> list[Text]:
    """What the page gives to this person as a file; nothing where the course has no such page. It is asked behind its door: whoever makes the
    archive was let in by another one."""
    request = HttpRequest()
    request.method = "HEAD"  # pages note a download when it is a GET
    request.path = reverse(route, kwargs={"course": visit.course.slug, **parts})
    request.META |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    request.user = visit.person
    request.visit = visit  # type: ignore[attr-defined]
    found = resolve(request.path)
    behind = found.func.__wrapped__  # type: ignore[attr-defined]
    kwargs = {name: value for name, value in found.kwargs.items() if name != "course"}
    try:
        response = behind(request, visit, **kwargs)
    except AppError:  # a part of the product that this course does not use
        return []
    if response.status_code != OK:
        return []
    data = b"".join(response.streaming_content) if response.streaming else response.content
    return [Text(path, data)]


def page_files(name: str, order: int, files: Mapping[str, tuple[str, str]]) -> ArchivePart:
    """files: path -> (route of the page, what it holds)."""

    def build(visit: Visit) -> Iterable[Entry]:
        return (entry for path, (route, _) in files.items() for entry in page_file(visit, path, route))

    return ArchivePart(name, order, MappingProxyType({path: says for path, (_, says) in files.items()}), build)


def stored(path: str, file: FieldFile) -> list[Stored]:
    """A file of a row; nothing where the row has none (any more)."""
    return [Stored(path, str(file.name))] if file else []


def plain_name(text: str, most: int = 60) -> str:
    """A name that every disk takes: letters, digits and a few marks."""
    kept = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in text.strip())
    return kept.strip("-.")[:most] or "unnamed"
