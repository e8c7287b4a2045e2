"""What the agent keeps between two runs: its folder, who it is on the site, and the token, readable for nobody else."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from hardware.ondevice.runner.words import NotReady

FOLDER_VARIABLE = "MILLIAMP_RUNNER_FOLDER"
SERVICE_FOLDER = Path("/var/lib/milliamp-runner")
SETTINGS, TOKEN = "settings.json", "token"


@dataclass(frozen=True)
class Settings:
    """Who this runner is, as `enroll` was told, and the pace that the site wants.

    ``stop_s``: so long the agent may take to end; what the site was not told by then, it is told by the next run.
    ``wait_scale`` multiplies every wait; below 1 only where the site stands on the same table. ``sensor`` names the power
    sensor to use, empty for the one that is found. ``meter``: one at a serial port, see serial_meter.py. ``image`` names the
    image of Docker whose containers models run in, empty for the isolation and the runtimes of this machine. ``plain_http``:
    a site without TLS was allowed by hand.
    """

    site: str
    install_id: str
    runner: str = ""
    name: str = ""
    course: str = ""
    device: str = ""
    poll_s: float = 5.0
    beat_s: float = 15.0
    ttl_s: float = 60.0
    stop_s: float = 9.0
    wait_scale: float = 1.0
    sensor: str = ""
    meter: dict[str, Any] = field(default_factory=dict)
    image: str = ""
    plain_http: bool = False


def default_folder() -> Path:
    """$MILLIAMP_RUNNER_FOLDER, else /var/lib/milliamp-runner for root, else a folder below the person's home."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    return SERVICE_FOLDER if os.geteuid() == 0 else Path.home() / ".local" / "share" / "milliamp-runner"


def prepare(folder: Path) -> None:
    """Make the folder, for this user alone. Raises NotReady where others may look into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"The folder {folder} cannot be made: {error.strerror}.") from error
    _check_private(folder)


def load(folder: Path) -> Settings:
    """Raises NotReady where the agent is not enrolled or a file cannot be read."""
    path = folder / SETTINGS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(Settings)}
        return Settings(**{name: value for name, value in found.items() if name in known})
    except FileNotFoundError as error:
        raise NotReady(f"This runner is not enrolled in {folder}. Make a code on the site and run: enroll.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NotReady(f"{path} cannot be read: {error}") from error


def save(folder: Path, settings: Settings) -> None:
    """Write the settings; a reader sees the old or the new ones, also after a loss of power."""
    write_safely(folder / SETTINGS, (json.dumps(asdict(settings), indent=1, sort_keys=True) + "\n").encode())


def load_token(folder: Path) -> str:
    """Raises NotReady where there is none, or where others could have read it."""
    path = folder / TOKEN
    try:
        _check_private(path)
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise NotReady(f"There is no token in {folder}. Make a code on the site and run: enroll.") from error
    except (OSError, UnicodeError) as error:
        raise NotReady(f"{path} cannot be read: {error}") from error


def save_token(folder: Path, token: str) -> None:
    """Keep the token for this user alone."""
    write_safely(folder / TOKEN, token.encode("ascii") + b"\n")


def forget_token(folder: Path) -> None:
    """Remove the token, where there is one."""
    (folder / TOKEN).unlink(missing_ok=True)


def write_safely(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` (0600): whole and on the disk when this returns, or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_private(path: Path) -> None:
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise NotReady(f"{path} belongs to another user. Run the agent as its owner.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        wanted = "700" if path.is_dir() else "600"
        raise NotReady(f"Others may read {path}. Make it yours alone: chmod {wanted} {path}")
