"""Where the web processes of one server count together: one folder in memory, one file a process.

Named by the process that started them (gunicorn's master), which lives on while workers are killed and started: a count never goes back.
"""

import os
import shutil
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def count_together(environ: MutableMapping[str, str]) -> Path:
    """Name the folder in the environment, before prometheus_client is imported; folders of servers that are gone are removed."""
    if given := environ.get(FOLDER):
        folder = Path(given)
    else:
        memory = Path("/dev/shm")  # noqa: S108 a private folder in it  # nosec B108
        base = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
        mine = f"milliamp-metrics-{os.getuid()}-"
        for other in base.glob(f"{mine}*"):
            number = other.name.removeprefix(mine)
            if number.isdecimal() and not is_alive(int(number)):
                shutil.rmtree(other, ignore_errors=True)
        folder = base / f"{mine}{os.getppid()}"
        environ[FOLDER] = str(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def forget_dead(folder: Path) -> None:
    """What a process that is gone had in flight: a process that was killed could not take it back. Its counters stay."""
    for path in folder.glob("gauge_live*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdecimal() and not is_alive(int(number)):
            path.unlink(missing_ok=True)
