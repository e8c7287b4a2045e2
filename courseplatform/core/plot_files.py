"""Plots as files for a report, drawn by Matplotlib in a process of its own and kept by what was drawn.

In a process of its own, because Matplotlib brings numpy and 90 MB, which no web process needs. The first time a plot is asked for takes
about a second (most of it the import), any further time the reading of a file. The page itself does not wait for any of it.
"""

import os
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import structlog
from django.conf import settings

from courseplatform.core.errors import Unavailable

FORMS = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
WALL_S, KEPT_S = 30, 7 * 24 * 3600
log = structlog.get_logger(__name__)
_turn = threading.BoundedSemaphore(2)  # so many at once in this process; the rest wait


def drawn(child: Path, said: str, form: str) -> bytes:
    """What the program `child` draws of `said`: JSON on its standard input, a picture on its standard output.

    Raises Unavailable (`not_drawn`) where drawing fails or takes too long: ours, and said so.
    """
    folder = Path(settings.DATA_DIR) / "plots"
    kept = folder / f"{sha256(said.encode()).hexdigest()}.{form}"
    if kept.is_file():
        os.utime(kept)
        return kept.read_bytes()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    picture = _run(child, said, form, folder)
    part = kept.with_suffix(f".{threading.get_ident()}.{os.getpid()}.part")
    part.write_bytes(picture)
    part.replace(kept)  # two at once draw the same
    _clear(folder)
    return picture


def _run(child: Path, said: str, form: str, folder: Path) -> bytes:
    # A home of its own for the list of fonts; nothing of our settings is handed on.
    around = {
        "PATH": "/usr/bin:/bin",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "HOME": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-I", "-B", str(child), form]
    if not _turn.acquire(timeout=WALL_S):
        raise Unavailable("Many plots are being drawn now. Ask for this one again in a minute.", code="not_drawn")
    try:
        done = subprocess.run(
            command, input=said.encode(), capture_output=True, timeout=WALL_S, check=False, env=around
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        log.error("plot_not_drawn", why=str(error))  # noqa: TRY400 one line
        raise _ours() from error
    finally:
        _turn.release()
    if done.returncode or not done.stdout:
        log.error("plot_not_drawn", why=done.stderr.decode(errors="replace")[-2000:])
        raise _ours()
    return done.stdout


def _ours() -> Unavailable:
    return Unavailable(
        "Our machine did not draw this plot. The page and its table show the same; ask for the file again in a minute.",
        code="not_drawn",
    )


def _clear(folder: Path) -> None:
    """What nobody asked for within a week is drawn again when somebody does."""
    for path in folder.glob("*.*"):
        try:
            if time.time() - path.stat().st_mtime > KEPT_S:
                path.unlink()
        except OSError:
            continue  # another process was faster
