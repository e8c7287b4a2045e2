"""Several Python files as one program that Python runs as it is (zipapp): the same bytes wherever it is made."""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

SHEBANG = b"#!/usr/bin/env python3\n"
# Zip knows no earlier one; what a clock says would make each build another file.
MADE = (1980, 1, 1, 0, 0, 0)
MODE, UNIX = 0o100644, 3


def one_file(files: Mapping[str, bytes]) -> bytes:
    """The program. files: place in it -> content; `__main__.py` is what runs. Stored and not compressed: compressors differ from machine to
    machine, and it is small."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        for place in sorted(files):
            entry = zipfile.ZipInfo(place, MADE)
            entry.external_attr, entry.create_system = MODE << 16, UNIX
            zipped.writestr(entry, files[place])
    return SHEBANG + made.getvalue()


def code_in(package: Path) -> list[tuple[str, bytes]]:
    """All Python files below a folder, by place, in the order of their names."""
    paths = sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).as_posix())
    return [(path.relative_to(package).as_posix(), path.read_bytes()) for path in paths]


def code_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """Of (place, content) in order, as hexadecimal digits."""
    digest = hashlib.sha256()
    for place, content in files:
        digest.update(f"{place} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
