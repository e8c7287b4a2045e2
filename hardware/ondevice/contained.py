"""The first program of ours in a container: import the runtime, wait, say which limits hold, take the order, run it.

It is started before there is anything to measure, serves one order, and ends. Standard input carries lines of JSON:
{"nonce", "preload": [module],
"emulated": whether another processor is played}, answered by the frame ``waiting``; {"check": true}, answered by ``limits`` (see readback.py);
{"order": ..., "files": [{"name", "bytes"}]}, followed by the bytes of the files. Standard output carries frames and nothing
else: what a model prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import IO, Any

from hardware.ondevice import launch, readback
from hardware.ondevice.frames import write_frame

LINE_BYTES = 1 << 20
PIECE_BYTES = 1 << 20
INPUTS = Path("/in")
RESULT_FD = 3
OPEN_FILES = 256


def main() -> None:
    """Serve one order. Ends without a word where standard input closes before one has come."""
    os.dup2(1, RESULT_FD)
    os.dup2(2, 1)
    source = sys.stdin.buffer
    greeting = _line(source)
    for module in greeting["preload"]:
        importlib.import_module(module)
    write_frame(RESULT_FD, greeting["nonce"], "waiting", {})
    asked = _line(source)
    if "check" in asked:
        write_frame(RESULT_FD, greeting["nonce"], "limits", readback.read_back(greeting["emulated"]))
        asked = _line(source)
    for file in asked["files"]:
        take(source, INPUTS / file["name"], file["bytes"])
    launch.follow(confinement(emulated=greeting["emulated"]), launch.Order(**asked["order"]))
    os._exit(0)  # all is said: taking a runtime apart again takes longer than some models run


def _line(source: IO[bytes]) -> dict[str, Any]:
    line = source.readline(LINE_BYTES)
    if not line.endswith(b"\n"):
        sys.exit(0)  # whoever started this has gone
    found: dict[str, Any] = json.loads(line)
    return found


def take(source: IO[bytes], path: Path, size: int) -> None:
    """Write the next ``size`` bytes to ``path``. Raises EOFError where they end too early, OSError where they do not fit."""
    with path.open("wb") as target:
        while size:
            piece = source.read(min(size, PIECE_BYTES))
            if not piece:
                raise EOFError(f"{path.name} was cut short")
            target.write(piece)
            size -= len(piece)
    path.chmod(0o444)


def confinement(*, emulated: bool) -> launch.Confinement:
    """The container is the file system and the user, so only calls and resources are left to give up."""
    return launch.Confinement(
        fd=RESULT_FD, open_files=OPEN_FILES, uid=None, keep_reading=False, readable=None, read_only=True, imports=[],
        prepared=None, with_filter=not emulated,
    )  # fmt: skip


if __name__ == "__main__":
    main()
