"""milliamp-runner.pyz: the agent and all that travels with it in one file, the same bytes wherever it is built."""

from pathlib import Path

from courseplatform.core.one_file import one_file
from hardware.ondevice.runner.version import code_files, code_hash, version

NAME = "milliamp-runner.pyz"
START = Path(__file__).parent / "ondevice" / "runner" / "archive_start.py"
HASH_HERE = "HASH = ''"


def archive() -> bytes:
    """The file."""
    code = code_files()
    start = START.read_text(encoding="utf-8")
    if start.count(HASH_HERE) != 1:
        raise ValueError(f"{START} has no place for the hash.")
    files = {
        "__main__.py": start.replace(HASH_HERE, f"HASH = {code_hash(code)!r}").encode(),
        "hardware/__init__.py": b"",
        **{f"hardware/ondevice/{place}": content for place, content in code},
    }
    return one_file(files)


__all__ = ["NAME", "archive", "version"]
