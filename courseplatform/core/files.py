"""Stored files, wherever they are stored: on this disk, or in a store that has no paths."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import Any


@contextmanager
def on_this_disk(stored: Any, folder: Path) -> Iterator[Path]:
    """The path of a model's file field, for programs that read paths; from another place it is fetched into `folder` for the while."""
    try:
        path = Path(stored.path)
    except NotImplementedError:  # as Django's storages say that they have no paths
        with tempfile.NamedTemporaryFile(dir=folder, suffix=Path(stored.name).suffix) as copy:
            with stored.open("rb") as file:
                copyfileobj(file, copy, 1 << 20)
            copy.flush()
            yield Path(copy.name)
    else:
        yield path
