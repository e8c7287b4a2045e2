"""The agent that is looked at, as a process of its own: enrolled, started, killed and started again."""

import os
import secrets
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ENROLL_S = 60.0


class NotStarted(Exception):
    """The command itself fails, so nothing can be said of the protocol."""


@dataclass
class Agent:
    """One folder of an agent. agent, enroll: command lines with {site}, {code} and {folder}; without enroll the first call of agent enrols."""

    agent: str
    enroll: str
    site: str
    folder: Path
    code: str = field(default_factory=lambda: "-".join(secrets.token_hex(2).upper() for _ in range(3)))
    process: subprocess.Popen[bytes] | None = None

    def _words(self, command: str) -> list[str]:
        given = {"site": self.site, "code": self.code, "folder": str(self.folder)}
        return [word.format(**given) for word in shlex.split(command)]

    def start(self) -> None:
        """Enrol where that is a command of its own and was not done, then start. Raises NotStarted."""
        log = self.folder.with_suffix(".log").open("ab")
        with log:
            if self.enroll and not self.folder.exists():
                done = self._started(self.enroll, log)
                with suppress(subprocess.TimeoutExpired):
                    done.wait(ENROLL_S)
                if done.poll() != 0:
                    _kill_group(done)
                    raise NotStarted(f"The enrolling ended with {done.poll()}: {self.said()}")
            self.process = self._started(self.agent, log)

    def _started(self, command: str, log: object) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._words(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )  # type: ignore[call-overload,no-any-return]
        except (OSError, KeyError, IndexError, ValueError) as error:
            raise NotStarted(f"The command cannot be started: {error!r}") from error

    def said(self) -> str:
        """The end of what it printed."""
        with suppress(OSError):
            return self.folder.with_suffix(".log").read_bytes()[-600:].decode("utf-8", "replace").strip()
        return ""

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the agent alone, as the kernel does it: what it had started is left to itself."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def ends_within(self, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while self.is_alive and time.monotonic() < ends:
            time.sleep(0.02)
        return not self.is_alive

    def clean(self) -> None:
        """End everything of it."""
        if self.process is not None:
            _kill_group(self.process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
