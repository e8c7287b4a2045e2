"""A container that has imported its runtime and waits for one order: made, asked what holds in it, given the files."""

from __future__ import annotations

import contextlib
import json
import secrets
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grading.bench.sandbox import container_spec as spec
from grading.bench.sandbox.container_engine import LABEL, PRINTS, Engine, pieces
from grading.bench.sandbox.container_images import FAMILIES, Image
from grading.bench.sandbox.container_owner import Owner
from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.sandbox.request import INPUTS, Limits, SandboxError, SandboxRequest, TickHandler

PIECE_BYTES = 1 << 20
POLL_S = 0.25
# To import torch under an emulator, on a busy machine.
WAITING_WITHIN_S, ANSWER_WITHIN_S, SEND_WITHIN_S = 300.0, 60.0, 60.0


@dataclass
class Waiting:
    """One container before its order. ``pid`` is its init on this machine, 0 where that cannot be seen from here."""

    engine: Engine
    image: Image
    id: str
    user: int
    connection: socket.socket
    pid: int = 0
    buffer: bytearray = field(default_factory=bytearray)
    printed: bytes = b""
    reader: FrameReader = field(default_factory=lambda: FrameReader(""))
    is_ready: bool = False

    def until_ready(self, on_tick: TickHandler | None = None) -> None:
        """Wait until the runtime is imported. Raises SandboxError, and what ``on_tick`` raises."""
        if not self.is_ready:
            self._answer("waiting", WAITING_WITHIN_S, on_tick)
            self.is_ready = True

    def check(self, asked: spec.Asked) -> None:
        """Set the limits of the run, and have them read back from inside. Raises SandboxError where they do not hold."""
        self.engine.limit(self.id, asked)
        self._say({"check": True})
        wrong = spec.mismatches(asked, self._answer("limits", ANSWER_WITHIN_S, None))
        if wrong:
            raise SandboxError(f"The container engine does not hold what it was asked for: {'; '.join(wrong)}.")

    def give(self, request: SandboxRequest, on_tick: TickHandler | None = None) -> None:
        """Send the order and the files. Raises SandboxError, and OSError where a file cannot be read."""
        sizes = {name: path.stat().st_size for name, path in request.readonly_files.items()}
        files = [{"name": name, "bytes": size} for name, size in sizes.items()]
        self._say({"order": order(request), "files": files})
        begun = time.monotonic()
        for piece in _content(request.readonly_files, sizes):
            self._send(piece)
            if on_tick:
                on_tick(time.monotonic() - begun)

    def read_back(self) -> dict[str, Any]:
        """Which limits hold inside now. Once a container. Raises SandboxError."""
        self._say({"check": True})
        return self._answer("limits", ANSWER_WITHIN_S, None)

    def hang_up(self) -> None:
        """End the connection. An engine that has output left to deliver waits for its reader, and with it the container's end."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def remove(self) -> None:
        """End and remove it. Raises SandboxError."""
        self.hang_up()
        self.engine.remove(self.id)

    def _say(self, line: dict[str, Any]) -> None:
        self._send(json.dumps(line).encode("utf-8") + b"\n")

    def _send(self, data: bytes) -> None:
        try:
            self.connection.settimeout(SEND_WITHIN_S)
            self.connection.sendall(data)
        except OSError as error:
            raise SandboxError(f"The container took no order: {error}. {self._said()}") from error

    def _answer(self, kind: str, within_s: float, on_tick: TickHandler | None) -> dict[str, Any]:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < within_s:
            if on_tick:
                on_tick(passed)
            if not select.select([self.connection], [], [], POLL_S)[0]:
                continue
            for found, body in self._frames():
                if found == kind:
                    return body
        raise SandboxError(f"The container did not answer within {within_s:g} s. {self._said()}")

    def _frames(self) -> Iterator[tuple[str, dict[str, Any]]]:
        try:
            data = self.connection.recv(PIECE_BYTES)
        except OSError as error:
            raise SandboxError(f"The connection to the container broke: {error}.") from error
        self.buffer += data
        for stream, piece in pieces(self.buffer):
            if stream == PRINTS:
                self.printed = (self.printed + piece)[-2000:]
                continue
            try:
                yield from self.reader.feed(piece)
            except FrameError as error:
                raise SandboxError(f"The container said something else: {error}.") from error
        if not data:
            raise SandboxError(f"The container ended before it had an order. {self._said()}")

    def _said(self) -> str:
        lines = self.printed.decode("utf-8", "replace").strip().splitlines()
        return f"Its last line: {lines[-1][:300]}" if lines else ""


def order(request: SandboxRequest) -> dict[str, Any]:
    """What the container is told of a request; see hardware/ondevice/contained.py."""
    return {
        "nonce": request.nonce,
        "entry": request.entry.replace(INPUTS, spec.STAGE_INSIDE),
        "args": [argument.replace(INPUTS, spec.STAGE_INSIDE) for argument in request.args],
        "cpu_s": request.limits.cpu_s,
        "address_space_bytes": request.limits.address_space_bytes,
        "file_bytes": request.limits.tmp_bytes,
        "threads": request.limits.threads,
    }


def _content(files: dict[str, Path], sizes: dict[str, int]) -> Iterator[bytes]:
    for name, path in files.items():
        left = sizes[name]
        with path.open("rb") as file:
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece
        if left:
            raise SandboxError(f"{path.name} became shorter while it was read.")


def start(engine: Engine, image: Image, owner: Owner, env: dict[str, str]) -> Waiting:
    """Make and start a container; it still has to import its runtime. Raises SandboxError, and leaves nothing then."""
    emulated = image.platform != engine.platform
    user = spec.FIRST_USER + secrets.randbelow(spec.USERS)
    asked = spec.Asked(spec.WAITING_BYTES, spec.cpus_for(None), spec.pids_for(Limits().threads), user, emulated)
    container = engine.create(image.id, asked, {LABEL: str(owner)}, env)
    try:
        waiting = Waiting(engine, image, container, user, engine.attach(container))
        engine.start(container)
        state = engine.state(container)
        if state.image != image.id:
            raise SandboxError(f"The container engine started {state.image}, not {image.id}.")
        waiting.pid = state.pid if _is_seen(state.pid, container) else 0
        nonce = secrets.token_hex(16)
        waiting.reader = FrameReader(nonce)
        waiting._say({"nonce": nonce, "preload": FAMILIES[image.family].preload, "emulated": emulated})
    except BaseException:
        with contextlib.suppress(SandboxError):
            engine.remove(container)
        raise
    return waiting


def _is_seen(pid: int, container: str) -> bool:
    """Whether this number is that container's on this machine, too: the engine may be on another."""
    try:
        return pid > 0 and container in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return False
