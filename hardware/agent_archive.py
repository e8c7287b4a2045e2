"""milliamp-runner.pyz: the agent and all that travels with it in one file, the same bytes wherever it is built."""

import io
import zipfile
from pathlib import Path

from hardware.ondevice.runner.version import code_files, code_hash, version

NAME = "milliamp-runner.pyz"
SHEBANG = b"#!/usr/bin/env python3\n"
# Zip knows no earlier one; what a clock says would make each build another file.
MADE = (1980, 1, 1, 0, 0, 0)
MODE, UNIX = 0o100644, 3
START = Path(__file__).parent / "ondevice" / "runner" / "archive_start.py"
HASH_HERE = "HASH = ''"


def archive() -> bytes:
    """The file. Stored and not compressed: compressors differ from machine to machine, and it is small."""
    code = code_files()
    start = START.read_text(encoding="utf-8")
    if start.count(HASH_HERE) != 1:
        raise ValueError(f"{START} has no place for the hash.")
    files = {
        "__main__.py": start.replace(HASH_HERE, f"HASH = {code_hash(code)!r}").encode(),
        "hardware/__init__.py": b"",
        **{f"hardware/ondevice/{place}": content for place, content in code},
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        for place in sorted(files):
            entry = zipfile.ZipInfo(place, MADE)
            entry.external_attr, entry.create_system = MODE << 16, UNIX
            zipped.writestr(entry, files[place])
    return SHEBANG + made.getvalue()


__all__ = ["NAME", "archive", "version"]
