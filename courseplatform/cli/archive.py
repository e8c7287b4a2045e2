"""milliamp: the command line in one file, the same bytes wherever it is built (`client/` is what travels)."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from courseplatform.cli.client import built
from courseplatform.core.one_file import code_hash, code_in, one_file

NAME, PACKAGE = "milliamp", "courseplatform/cli/client"
FOLDER = Path(__file__).parent / "client"
BUILT, SHORT = "built.py", 12
# Written so that every Python 3 can read it and say that it is too old.
START = f"""import sys

if sys.version_info < (3, 9):
    sys.exit("milliamp needs Python 3.9 or later. This is " + sys.version.split()[0] + ".")

from {PACKAGE.replace("/", ".")}.__main__ import main

sys.exit(main())
"""


@dataclass(frozen=True)
class Program:
    """The file, which version it is (as 1.0.0+3f2a9c81d0e4), and the SHA-256 of its bytes."""

    content: bytes
    version: str
    sha256: str


@functools.cache
def program() -> Program:
    """Built once a process: its code does not change while it runs."""
    code = code_in(FOLDER)
    release = built.VERSION.partition("+")[0]
    version = f"{release}+{code_hash(code)[:SHORT]}"
    files = {f"{PACKAGE}/{place}": content for place, content in code}
    source = files[f"{PACKAGE}/{BUILT}"]
    said, says = built.VERSION.encode(), version.encode()
    if source.count(said) != 1:
        raise ValueError(f"{FOLDER / BUILT} has no place for the version.")
    files[f"{PACKAGE}/{BUILT}"] = source.replace(said, says)
    above = [PACKAGE.rsplit("/", n)[0] for n in (1, 2)]
    content = one_file({"__main__.py": START.encode(), **{f"{one}/__init__.py": b"" for one in above}, **files})
    return Program(content, version, hashlib.sha256(content).hexdigest())
