"""Where the files of hidden sets lie: in DATA_DIR/hidden, or, where a store is configured, below hidden/ of its bucket.

Nothing in the site serves that prefix: `media/` has another. A worker of another machine fetches what it needs into DATA_DIR/hidden-copies,
believes it by its hash alone, and forgets what it has not measured on for a month. Names are never used twice, so a copy never ages.
"""

import hashlib
import os
import secrets
import time
from pathlib import Path

import structlog
from django.conf import settings

from courseplatform.core.errors import Unavailable
from courseplatform.core.file_places import Place, Store
from courseplatform.uploads.media_place import store_of
from grading.models.assignments import HiddenSet

log = structlog.get_logger(__name__)
COPIES_STAY_S = 30 * 86400


def hidden_folder() -> Path:
    """Of this disk; made where it is not there, for its owner only."""
    return _folder("hidden")


def hidden_store() -> Store:
    return store_of(hidden_folder())


PLACE = Place("hidden", hidden_store, lambda: [(HiddenSet, "inputs_file"), (HiddenSet, "labels_file")])


def hidden_keep(source: Path, name: str) -> None:
    """Put a file of this disk where the site keeps hidden sets. Raises OSError, Unavailable (`storage_failed`)."""
    hidden_store().put(name, source)


def hidden_here(name: str, sha256: str) -> Path:
    """The file on this disk. Raises Unavailable where the store is away (`storage_failed`) or holds another file (`hidden_set_differs`)."""
    local = hidden_folder() / name  # also what was sent before there was a store
    if not settings.S3 or local.exists():
        return local
    copy = _folder("hidden-copies") / name
    if not copy.exists():
        _fetch(name, copy, sha256)
    os.utime(copy)
    return copy


def hidden_unlink(name: str) -> None:
    """Nothing of the file is left, but for copies of other machines' workers. Raises Unavailable."""
    hidden_store().delete(name)
    for folder in ("hidden", "hidden-copies"):
        (_folder(folder) / name).unlink(missing_ok=True)


def hidden_move_to_store() -> list[str]:
    """Put what lies on this disk alone into the store, for the workers of other machines. Returns the names. Raises Unavailable."""
    store = hidden_store()
    there = store.listing()
    missing = [path for path in sorted(hidden_folder().glob("*.npy")) if path.name not in there]
    for path in missing:
        store.put(path.name, path)
    return [path.name for path in missing]


def _fetch(name: str, copy: Path, sha256: str) -> None:
    half = copy.with_name(f".{copy.name}-{secrets.token_hex(4)}")
    digest = hashlib.sha256()
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, hidden_store().open(name) as stored:
            while piece := stored.read(1 << 20):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            log.error("hidden_set_differs", name=name, expected=sha256, found=digest.hexdigest())
            raise Unavailable("The store holds another file than this hidden set.", code="hidden_set_differs")
        half.replace(copy)
    except FileNotFoundError as error:
        raise Unavailable("The store has no file of this name.", code="storage_failed") from error
    finally:
        half.unlink(missing_ok=True)
    _forget(copy.parent)


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > COPIES_STAY_S:
            path.unlink(missing_ok=True)


def _folder(name: str) -> Path:
    folder = Path(settings.DATA_DIR) / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
