"""Send one file in parts (tus 1.0.0), from wherever an earlier try stopped, over a line that may break."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from courseplatform.cli.client.console import Console
from courseplatform.cli.client.line import BUSY, Answer, Broken, Line, no_line, path_of, pause_s, raise_refusal
from courseplatform.cli.client.text import clean, size, span
from courseplatform.cli.client.unfinished import Begun
from courseplatform.cli.client.words import Refused, WrongUse

PART_BYTES, READ_BYTES = 8 << 20, 1 << 16
TUS = {"Tus-Resumable": "1.0.0"}
TRIES = 12  # without a byte in between: about five minutes
GONE = (http.client.NOT_FOUND, http.client.GONE)
CHECKSUM_DIFFERS = 460
OPEN, TAKEN = ("receiving", "complete"), "taken"
BAR, OFTEN_S, LATELY_S = 24, 0.2, 5.0


@dataclass(frozen=True)
class Local:
    """A file that was looked at. name: as it is shown and sent."""

    path: Path
    name: str
    size: int
    sha256: str


def look_at(said: str, *, most_bytes: int = 0) -> Local:
    """Reads all of it once. Raises WrongUse: `no_such_file`, `no_file`, `cannot_read`, `empty_file`, `too_large`."""
    path = Path(said).expanduser()
    if not path.exists():
        raise WrongUse(f"There is no file {said}.", "no_such_file")
    if not path.is_file():
        raise WrongUse(f"{said} is no file.", "no_file")
    many = path.stat().st_size
    if not many:
        raise WrongUse(f"{said} is empty.", "empty_file")
    if most_bytes and many > most_bytes:
        raise WrongUse(f"{said} has {many} bytes; at most {most_bytes} are taken ({size(most_bytes)}).", "too_large")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise WrongUse(f"{said} cannot be read: {error.strerror}.", "cannot_read") from error
    return Local(path, os.fsencode(path.name).decode("utf-8", "replace"), many, digest.hexdigest())


class Progress:
    """The line of a file on its way: how much, how fast, how long still. Quiet where no line can be written over."""

    def __init__(self, console: Console, file: Local, now: Callable[[], float] = time.monotonic) -> None:
        self._console, self._file, self._now = console, file, now
        self._seen: deque[tuple[float, int]] = deque()
        self._shown = 0.0

    def at(self, sent: int, *, always: bool = False) -> None:
        now = self._now()
        if not self._console.is_live or (now - self._shown < OFTEN_S and not always):
            return
        if self._seen and sent < self._seen[-1][1]:
            self._seen.clear()  # a part was lost
        self._seen.append((now, sent))
        while self._seen[0][0] < now - LATELY_S and len(self._seen) > 2:
            self._seen.popleft()
        self._shown = now
        self._console.update(self.line(sent))

    def line(self, sent: int) -> str:
        share = sent / self._file.size
        bar = "#" * round(BAR * share)
        (then, before), (now, last) = self._seen[0], self._seen[-1]
        pace = (last - before) / (now - then) if now > then else 0.0
        left = f", {size(pace)}/s, {span((self._file.size - sent) / pace)} left" if pace > 0 and share < 1 else ""
        return f"{clean(self._file.name)} {100 * share:3.0f} % [{bar:<{BAR}}] {size(sent)} of {size(self._file.size)}{left}"


class _Part:
    """Some bytes of a file as http.client reads a body; says how far it is."""

    def __init__(self, file: IO[bytes], left: int, see: Callable[[int], None]) -> None:
        self._file, self._left, self._see, self._sent = file, left, see, 0

    def read(self, many: int = -1) -> bytes:
        wanted = min(self._left, READ_BYTES if many < READ_BYTES else many)
        piece = self._file.read(wanted) if wanted else b""
        self._left -= len(piece)
        self._sent += len(piece)
        self._see(self._sent)
        return piece


class Sender:
    """Brings one file to the site, whole."""

    def __init__(self, line: Line, begun: Begun, file: Local, *, purpose: str, target: str, progress: Progress) -> None:
        self._line, self._begun, self._file, self._progress = line, begun, file, progress
        self._about = {"filename": file.name, "purpose": purpose, "target": target, "sha256": file.sha256}
        self._tried = 0

    def send(self) -> str:
        """The id of the complete upload, or of one that was handed in before. Raises Refused, SignedOut, NoLine or WrongUse."""
        offset = self._begin()
        try:
            with self._file.path.open("rb") as file:
                while offset < self._file.size:
                    self._progress.at(offset, always=True)
                    offset = self._part(file, offset)
        except OSError as error:
            raise WrongUse(f"{self._file.path} cannot be read any more: {error.strerror}.", "cannot_read") from error
        self._progress.at(self._file.size, always=True)
        return self._begun.upload_id

    def _begin(self) -> int:
        """Where to go on: of the upload that was kept, of one to this target with these bytes, or of a new one."""
        if self._begun.upload_id:
            found = self._described()
            if found is not None:
                return found
            self._begun.anew()
        self._begun.keep()
        about = self._about
        known = self._line.get("uploads", "", purpose=about["purpose"], target=about["target"])["uploads"]
        for one in known:
            if (one["declared_sha256"], one["size_bytes"]) == (self._file.sha256, self._file.size) and one[
                "status"
            ] in OPEN:
                self._begun.keep(one["id"])
                return int(one["offset_bytes"])
        told = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in about.items())
        headers = {**TUS, "Upload-Length": str(self._file.size), "Upload-Metadata": told}
        made = self._line.ask("POST", path_of("uploads", ""), body=b"", headers=headers).document()
        self._begun.keep(made["id"])
        return 0

    def _described(self) -> int | None:
        """How far the kept upload is; None: the site has nothing of it."""
        try:
            found = self._line.get("uploads", self._begun.upload_id, "")
        except Refused as error:
            if error.http_status in GONE:
                return None
            raise
        if found["status"] == TAKEN:
            return self._file.size
        return int(found["offset_bytes"]) if found["status"] in OPEN else None

    def _part(self, file: IO[bytes], offset: int) -> int:
        """Sends the next part. Returns where the site is then, also where it took none of it."""
        many = min(PART_BYTES, self._file.size - offset)
        file.seek(offset)
        body = _Part(file, many, lambda sent: self._progress.at(offset + sent))
        headers = {
            **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", "Content-Length": str(many)
        }  # fmt: skip
        path = path_of("uploads", self._begun.upload_id, "")
        try:
            answer = self._line.once("PATCH", path, body, headers)
        except Broken as error:
            return self._lost(offset, error)
        if answer.status == http.client.NO_CONTENT:
            self._tried = 0
            return int(answer.headers.get("Upload-Offset", offset + many))
        pause = self._line.pause_after(answer, self._tried)
        if pause is not None or _goes_on(answer):
            return self._lost(offset, f"status {answer.status}", pause)
        raise_refusal(answer)
        raise AssertionError("a part is taken or refused")

    def _lost(self, offset: int, why: object, pause: float | None = None) -> int:
        """Waits, and asks where the site is."""
        self._tried += 1
        if self._tried >= TRIES:
            raise no_line(self._line.site, f"{why}; what has arrived is kept")
        self._line.wait(pause if pause is not None else pause_s(self._tried - 1), f"The line broke ({why})")
        try:
            answer = self._line.once("HEAD", path_of("uploads", self._begun.upload_id, ""), None, TUS)
        except Broken:
            return offset
        if answer.status == http.client.OK:
            found = int(answer.headers["Upload-Offset"])
            self._tried = 0 if found > offset else self._tried
            return found
        if answer.status not in BUSY and answer.status != http.client.TOO_MANY_REQUESTS:
            self._line.get("uploads", self._begun.upload_id, "")  # HEAD says no sentence
        return offset


def _goes_on(answer: Answer) -> bool:
    """Refusals of a part after which the next try is a better one: another program sent too, or the part was changed on its way."""
    if answer.status == CHECKSUM_DIFFERS:
        return True
    error: Any = answer.document().get("error") if answer.status == http.client.CONFLICT else {}
    return isinstance(error, dict) and error.get("code") == "wrong_offset"
