"""What is said to a container of Docker before and with its order; see hardware/ondevice/contained.py for the other side."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.sandbox.launching import order_line
from hardware.ondevice.sandbox.request import SandboxError, SandboxRequest, TickHandler

PIECE_BYTES = 1 << 16
POLL_S = 0.25
ANSWER_WITHIN_S, SEND_WITHIN_S = 120.0, 300.0


class Talk:
    """With the container behind ``process``, a ``docker run --interactive``. Raises SandboxError, and what ``on_tick`` raises."""

    def __init__(self, process: subprocess.Popen[bytes], on_tick: TickHandler | None) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._on_tick = process, on_tick
        self._to, self._from, self._prints = (
            stream.fileno() for stream in (process.stdin, process.stdout, process.stderr)
        )
        for fd in (self._to, self._from, self._prints):
            os.set_blocking(fd, False)
        self._nonce = secrets.token_hex(16)
        self._reader = FrameReader(self._nonce)
        self._printed = b""

    def until_waiting(self) -> None:
        """Until our program runs inside."""
        self._say({"nonce": self._nonce, "preload": [], "emulated": False})
        self._answer("waiting")

    def limits(self) -> dict[str, Any]:
        """What holds inside; see ``readback.read_back``."""
        self._say({"check": True})
        return self._answer("limits")

    def give(self, request: SandboxRequest, stage: str) -> None:
        """The order, and the files, which will lie in the folder ``stage``."""
        order = json.loads(order_line(request, Path(stage)))
        sizes = {name: path.stat().st_size for name, path in request.readonly_files.items()}
        self._say({"order": order, "files": [{"name": name, "bytes": size} for name, size in sizes.items()]})
        for name, path in request.readonly_files.items():
            for piece in _content(path, sizes[name]):
                self._send(piece)
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _say(self, line: dict[str, Any]) -> None:
        self._send(json.dumps(line).encode() + b"\n")

    def _send(self, data: bytes) -> None:
        view, begun = memoryview(data), time.monotonic()
        while view:
            if not self._wait([], [self._to], begun, SEND_WITHIN_S)[1]:
                continue
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise SandboxError(f"The container took no order: {error.strerror}. {self._said()}") from error

    def _answer(self, kind: str) -> dict[str, Any]:
        begun = time.monotonic()
        while True:
            ready = self._wait([self._from, self._prints], [], begun, ANSWER_WITHIN_S)[0]
            if self._prints in ready:
                self._printed = (self._printed + _read(self._prints))[-2000:]
            if self._from not in ready:
                continue
            data = _read(self._from)
            if not data:
                raise SandboxError(f"The container ended before it had an order. {self._said()}")
            try:
                for found, body in self._reader.feed(data):
                    if found == kind:
                        return body
            except FrameError as error:
                raise SandboxError(f"The container said something else: {error}") from error

    def _wait(
        self, reading: list[int], writing: list[int], begun: float, within_s: float
    ) -> tuple[list[int], list[int]]:
        passed = time.monotonic() - begun
        if passed > within_s:
            raise SandboxError(f"The container did not answer within {within_s:g} s. {self._said()}")
        if self._on_tick:
            self._on_tick(passed)
        ready = select.select(reading, writing, [], POLL_S)
        return ready[0], ready[1]

    def _said(self) -> str:
        if select.select([self._prints], [], [], 0.5)[0]:
            self._printed = (self._printed + _read(self._prints))[-2000:]
        lines = self._printed.decode("utf-8", "replace").strip().splitlines()
        return f"Its last line: {lines[-1][:300]}" if lines else ""


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, PIECE_BYTES)
    except BlockingIOError:
        return b""


def _content(path: Path, size: int) -> Iterator[bytes]:
    left = size
    with path.open("rb") as file:
        while left and (piece := file.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece
    if left:
        raise SandboxError(f"{path.name} became shorter while it was read.")
