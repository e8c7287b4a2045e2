"""Where stored files lie, and which rows name them: asked by the backup, and before a file is deleted.

Names in a place are ours and never given twice, and no file is ever written over. So a file that has a name has its content for good.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from django.apps import apps
from django.db import models

Columns = list[tuple[type[models.Model], str]]


class Store(Protocol):
    """What a place can do. Names have slashes and are relative."""

    def listing(self) -> dict[str, str]:
        """Every name with a word that is another one when the bytes are: size and time, or the store's own digest."""

    def open(self, name: str) -> BinaryIO:
        """Raises FileNotFoundError."""

    def put(self, name: str, source: Path) -> None:
        """The file is there whole, or not at all."""

    def delete(self, name: str) -> None:
        """Without a word where it is gone already."""

    def tidy(self) -> None:
        """Take away what a killed `put` left; only while nobody writes."""


@dataclass(frozen=True)
class Place:
    """key: a word in manifests. store: asked each time, for settings decide it. columns: the columns of rows that name its files."""

    key: str
    store: Callable[[], Store]
    columns: Callable[[], Columns]

    def is_named(self, name: str) -> bool:
        """Whether a row names this file."""
        return any(model._base_manager.filter(**{field: name}).exists() for model, field in self.columns())

    def named(self) -> set[str]:
        """Every name that a row of these columns holds. One query for each column."""
        return {name for model, field in self.columns() for name in names_in(model._base_manager.values_list(field))}


_places: dict[str, Place] = {}


def add_place(place: Place) -> None:
    _places[place.key] = place


def places() -> list[Place]:
    return [_places[key] for key in sorted(_places)]


def place_of(key: str) -> Place:
    return _places[key]


def file_fields() -> Columns:
    """Every file field of any model, so that none can be forgotten."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.FileField)
    ]


class Folder:
    """A store in a folder of this machine. What begins with a dot is a file that somebody is writing just now."""

    def __init__(self, root: "str | Path") -> None:
        self.root = Path(root)

    def listing(self) -> dict[str, str]:
        return dict(self._walk(self.root, ""))

    def _walk(self, folder: Path, before: str) -> Iterator[tuple[str, str]]:
        with suppress(FileNotFoundError), os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path), f"{before}{entry.name}/")
                else:
                    with suppress(FileNotFoundError):  # deleted since the folder was read
                        facts = entry.stat()
                        yield f"{before}{entry.name}", f"{facts.st_size}-{facts.st_mtime_ns}"

    def open(self, name: str) -> BinaryIO:
        return (self.root / name).open("rb")

    def put(self, name: str, source: Path) -> None:
        target = self.root / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = target.parent / f".{secrets.token_hex(8)}.part"
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file, source.open("rb") as given:
                shutil.copyfileobj(given, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)

    def tidy(self) -> None:
        for path in self.root.rglob(".*.part"):
            path.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)
        folder = (self.root / name).parent
        while folder != self.root:  # the folders that were made for it alone
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def names_in(rows: Iterable[Any]) -> set[str]:
    """The names in one column of rows; empty ones name nothing."""
    return {str(name) for (name,) in rows if name}
