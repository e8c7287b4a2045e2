"""Students as the server sees them: their requests over plain sockets, timed, and what each got for a receipt.

An own generator and no Locust, which was not measured here: generator and server share the machine's two cores, so what matters is that it is
small and said. One asyncio loop over bare streams took 1 to 2 % of the machine; the table says what it took each time. A request has a
connection of its own, as a browser's has that asks every 20 s; style sheets and scripts are in its cache and are not asked for.
"""

import asyncio
import gzip
import hashlib
import json
import random
import re
import time
import uuid
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.doors import Door
from tests.load.rush_pages import HOME, MIX

CHUNK, TIMEOUT_S, TOKEN = 8 << 20, 60.0, "x" * 32
RUN = re.compile(rb"/courses/demo/runs/[0-9a-f-]{36}/")
LAB = f"{HOME}assignments/lab3/"
MODEL = Path(__file__).parents[2] / "grading" / "demo" / "models" / "digits-narrow.onnx"


@dataclass
class Told:
    """What came back, over the whole rush. seconds: kind of request -> how long each took. receipts: what the server has promised."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    sent_bytes: int = 0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Failed(Exception):
    """An answer that no student should get; the text is what it was."""


class Student:
    """One browser, signed in."""

    def __init__(self, door: Door, person: dict[str, Any], target: str, told: Told) -> None:
        self.door, self.person, self.target, self.told = door, person, target, told
        self.listing = f"/uploads/?purpose=hand_in&target={target}"
        self.watched = ""  # the address of the newest run, while it is open

    async def ask(self, kind: str, method: str, path: str, body: bytes = b"", **more: str) -> Answer:
        """One request; raises Failed unless the answer is one of success. The time is from connecting to the last byte."""
        begun = time.perf_counter()
        try:
            answer = await asyncio.wait_for(self._exchange(method, path, body, more), TIMEOUT_S)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Failed(f"{kind} {method} {path}: {type(error).__name__} {error}") from error
        self.told.seconds[kind].append(time.perf_counter() - begun)
        if answer.status not in (200, 201, 204, 304):
            raise Failed(f"{kind} {method} {path}: {answer.status} {answer.body[:200]!r}")
        return answer

    async def _exchange(self, method: str, path: str, body: bytes, more: dict[str, str]) -> Answer:
        door = self.door
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", door.port, limit=1 << 20, ssl=door.tls, server_hostname=door.host if door.tls else None
        )
        try:
            headers = door.headers | {
                "Accept-Encoding": "gzip", "Connection": "close", "Content-Length": str(len(body)), "X-CSRFToken": TOKEN,
                "Cookie": f"{door.cookie('sessionid', self.person['cookie'])}; {door.cookie('csrftoken', TOKEN)}",
            } | {name.replace("_", "-"): value for name, value in more.items()}  # fmt: skip
            writer.write(_head(method, path, headers))
            for at in range(0, len(body), 1 << 18):
                writer.write(body[at : at + (1 << 18)])
                await writer.drain()
            self.told.sent_bytes += len(body)
            head = await reader.readuntil(b"\r\n\r\n")
            return _answer(head, await reader.read(-1))
        finally:
            writer.close()

    async def page(self, name: str, path: str) -> bytes:
        answer = await self.ask(name, "GET", path)
        if name == "lab":  # static/js/upload.js asks at once what was sent in part before
            await self.ask("upload, small steps", "GET", self.listing, Accept="application/json", Tus_Resumable="1.0.0")
        text = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
        if not text.rstrip().endswith(b"</html>"):
            raise Failed(f"{name}: half a page, {len(text)} bytes")
        return text

    async def poll(self) -> bool:
        """Whether the watched run is still open."""
        answer = await self.ask("poll of an open run", "GET", f"{self.watched}live/", HX_Request="true")
        if answer.headers.get("hx-refresh"):
            await self.page("result", self.watched)
            return False
        return True

    async def hand_in(self, content: bytes, name: str) -> None:
        """The sequence of static/js/upload.js and tus-js-client: look for a beginning, announce, ask, send in pieces, take the receipt."""
        size = len(content)
        kind = "1 MiB" if size <= 1 << 20 else "larger"
        begun, digest = time.perf_counter(), hashlib.sha256(content).hexdigest()
        tus = {"Tus_Resumable": "1.0.0", "Accept": "application/json"}
        await self.ask("upload, small steps", "GET", self.listing, **tus)
        meta = ",".join(
            f"{key} {b64encode(value.encode()).decode()}"
            for key, value in {"filename": name, "purpose": "hand_in", "target": self.target, "sha256": digest}.items()
        )
        made = await self.ask(
            "upload, small steps", "POST", "/uploads/", Upload_Length=str(size), Upload_Metadata=meta, **tus
        )
        where = (
            "/" + made.headers["location"].split("/", 3)[-1]
            if "://" in made.headers["location"]
            else made.headers["location"]
        )
        at = int((await self.ask("upload, small steps", "HEAD", where, **tus)).headers["upload-offset"])
        while at < size:
            piece = content[at : at + CHUNK]
            more = {"Upload_Offset": str(at), "Content_Type": "application/offset+octet-stream"}
            at = int(
                (await self.ask(f"upload, pieces of {kind}", "PATCH", where, piece, **tus, **more)).headers[
                    "upload-offset"
                ]
            )
        asked = time.perf_counter()
        fields = {"upload_key": str(uuid.uuid4()), "upload_id": made.json()["id"]}
        body, content_type = _form(fields)
        taken = await self.ask(
            f"hand-in, {kind}", "POST", f"{LAB}hand-in/", body, Content_Type=content_type, Accept="application/json"
        )
        self.told.seconds[f"upload and hand-in, {kind}"].append(time.perf_counter() - begun)
        self.told.receipts.append(
            {
                "receipt": taken.json()["receipt"],
                "sha256": digest,
                "at": datetime.now(UTC).isoformat(),
                "waited_s": time.perf_counter() - asked,
            }
        )
        text = await self.page("receipt", taken.json()["url"])
        if run := RUN.search(text):
            await self.page("run in line", run[0].decode())
            self.watched = run[0].decode()


def _head(method: str, path: str, headers: dict[str, str]) -> bytes:
    return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()


def _answer(head: bytes, body: bytes) -> Answer:
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if (
        "content-length" in headers
        and headers.get("upload-offset") is None
        and len(body) != int(headers["content-length"])
    ):
        raise ValueError(f"{len(body)} of {headers['content-length']} bytes came")
    if headers.get("transfer-encoding") == "chunked":
        raise ValueError("an answer in chunks, which this reader does not read")
    return Answer(int(first.split()[1]), headers, body)


def _form(fields: dict[str, str]) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    parts = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    return f"{parts}--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


class Models:
    """Different files that are models all the same: a small network with a long remark (ModelProto.doc_string) in it."""

    def __init__(self, seed: int, largest: int) -> None:
        chance = random.Random(seed)
        self.network = MODEL.read_bytes()
        self.remark = bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz     ", k=1 << 20)) * (largest // (1 << 20) + 1)

    def of(self, number: int, size: int) -> bytes:
        text = f"attempt {number}: ".encode()
        length = size - len(self.network) - 5
        return self.network + b"\x32" + _varint(length) + text + self.remark[: length - len(text)]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def pages_of(chance: random.Random) -> str:
    return chance.choices(list(MIX), [share for share, _ in MIX.values()])[0]
