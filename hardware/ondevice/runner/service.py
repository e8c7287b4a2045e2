"""The agent as a service of systemd."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
import sys
from pathlib import Path

from hardware.ondevice.runner.words import NOT_READY, REVOKED, TOO_OLD, USAGE, RunnerError

UNIT = Path("/etc/systemd/system/milliamp-runner.service")
TEXT = """\
[Unit]
Description=Milliamp runner
Wants=network-online.target
After=network-online.target

[Service]
User={user}
ExecStart={command}
UMask=0077
# The agent bounds the memory of what it runs in a group of its own.
Delegate=memory
KillMode=mixed
TimeoutStopSec=15
Restart=always
RestartSec=5
# Starting it again would not help after these: wrong arguments, revoked, too old, not enrolled.
RestartPreventExitStatus={final}

[Install]
WantedBy=multi-user.target
"""


def unit(folder: Path, archive: Path | None) -> str:
    """The text of the unit, run by whoever owns ``folder``. Raises RunnerError where there is no such folder."""
    try:
        user = pwd.getpwuid(folder.stat().st_uid).pw_name
    except (OSError, KeyError) as error:
        raise RunnerError(f"{folder} is not there yet. Enrol first.") from error
    program = [str(archive)] if archive else ["-m", "hardware.ondevice.runner"]
    command = shlex.join([sys.executable, *program, "run", "--folder", str(folder.resolve())])
    return TEXT.format(user=user, command=command, final=f"{USAGE} {REVOKED} {TOO_OLD} {NOT_READY}")


def install(text: str, path: Path = UNIT) -> str:
    """As root: write the unit and start it. Returns what to say."""
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        return text
    path.write_text(text, encoding="utf-8")
    for words in (["daemon-reload"], ["enable", "--now", path.name]):
        done = subprocess.run(["systemctl", *words], check=False, capture_output=True, text=True)
        if done.returncode:
            raise RunnerError(f"systemctl {' '.join(words)}: {done.stderr.strip()}")
    return f"{path} was written, and the runner is started. See: systemctl status {path.stem}"
