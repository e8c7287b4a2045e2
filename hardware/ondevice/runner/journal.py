"""The agent's memory: which job it holds and how far it is, so that neither kill -9 nor a loss of power loses or doubles one.

Each write is on the disk when it returns. A row goes from ``leased`` over ``running`` to ``finished`` (the result lies in
the spool and was not yet taken by the site) or to ``giving_back``; it is removed when the site has answered that.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice.runner.words import DiskFull, NotReady, RunnerError

LEASED, RUNNING, FINISHED, GIVING_BACK = "leased", "running", "finished", "giving_back"
UNFINISHED = (LEASED, RUNNING)
SCHEMA = """
CREATE TABLE IF NOT EXISTS held (
    lease TEXT PRIMARY KEY, attempt INTEGER NOT NULL, phase TEXT NOT NULL, title TEXT NOT NULL,
    ending TEXT NOT NULL DEFAULT '', boot_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS past (
    number INTEGER PRIMARY KEY, lease TEXT NOT NULL, attempt INTEGER NOT NULL, title TEXT NOT NULL, ended TEXT NOT NULL
);
"""
PAST_KEPT = 200


@dataclass(frozen=True)
class Held:
    """A job that the agent still has to answer for.

    ``ending``: the body of `finish` as it is sent each time, or {"why", "fault"} of a job that is given back.
    """

    lease: str
    attempt: int
    phase: str
    title: str
    ending: str
    boot_id: str

    @property
    def reason(self) -> tuple[str, bool]:
        """Why it is given back, and whether that is the board's fault."""
        found: dict[str, Any] = json.loads(self.ending)
        return str(found["why"]), bool(found["fault"])


def given_back(why: str, *, fault: bool) -> str:
    """The ending of a job that is given back."""
    return json.dumps({"why": why, "fault": fault})


class Journal:
    """A SQLite file. Safe to use from several threads; each write is one transaction that is synced."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._base = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, timeout=30.0)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(SCHEMA)
        except sqlite3.OperationalError as error:  # it passes: there may be room again when the agent is started next
            raise RunnerError(f"The journal {path} cannot be written: {error}. Is the disk full?") from error
        except sqlite3.Error as error:
            raise NotReady(f"The journal {path} cannot be used: {error}. Move it away.") from error

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def held(self) -> list[Held]:
        """All jobs that are not answered for, in no order."""
        with self._lock:
            rows = self._base.execute("SELECT lease, attempt, phase, title, ending, boot_id FROM held").fetchall()
        return [Held(*row) for row in rows]

    def take(self, lease: str, attempt: int, title: str, boot_id: str) -> None:
        """A job was leased. One with the same id and an older attempt is forgotten."""
        self._write(
            "INSERT OR REPLACE INTO held (lease, attempt, phase, title, boot_id) VALUES (?, ?, ?, ?, ?)",
            (lease, attempt, LEASED, title, boot_id),
        )

    def run(self, lease: str) -> None:
        """The site knows that it has started."""
        self._write("UPDATE held SET phase = ? WHERE lease = ? AND phase = ?", (RUNNING, lease, LEASED))

    def finish(self, lease: str, body: bytes) -> None:
        """It has ended, and all of it lies in the spool."""
        self._write("UPDATE held SET phase = ?, ending = ? WHERE lease = ?", (FINISHED, body.decode(), lease))

    def give_back(self, lease: str, why: str, *, fault: bool) -> None:
        """It will not be finished here; the site is to be told."""
        ending = given_back(why, fault=fault)
        self._write("UPDATE held SET phase = ?, ending = ? WHERE lease = ?", (GIVING_BACK, ending, lease))

    def settle(self, lease: str, ended: str) -> None:
        """The site knows, or does not want to. ``ended`` is kept for `status`."""
        with self._lock, _full_is_said(self._base):
            self._base.execute("BEGIN IMMEDIATE")
            self._base.execute(
                "INSERT INTO past (lease, attempt, title, ended) SELECT lease, attempt, title, ? FROM held WHERE lease = ?",
                (ended, lease),
            )
            self._base.execute("DELETE FROM held WHERE lease = ?", (lease,))
            self._base.execute("DELETE FROM past WHERE number <= (SELECT max(number) FROM past) - ?", (PAST_KEPT,))
            self._base.execute("COMMIT")

    def past(self, most: int) -> list[tuple[str, int, str, str]]:
        """(lease, attempt, title, how it ended), newest first."""
        with self._lock:
            query = "SELECT lease, attempt, title, ended FROM past ORDER BY number DESC LIMIT ?"
            return [(str(row[0]), int(row[1]), str(row[2]), str(row[3])) for row in self._base.execute(query, (most,))]

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._lock, _full_is_said(self._base):
            self._base.execute(statement, values)


@contextlib.contextmanager
def _full_is_said(base: sqlite3.Connection) -> Iterator[None]:
    """SQLite says a full disk in words of its own. What had been begun is taken back."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if base.in_transaction:
            base.rollback()
        raise DiskFull(f"The journal cannot be written: {error}.") from error
