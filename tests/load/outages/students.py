"""Students who hand in until they hold a receipt: through the form, or in pieces as the page sends a large file. Whatever goes wrong on the
way they try again, as the page does, and every answer of the site is kept."""

import http.client
import json
import random
import re
import threading
import time
import urllib.parse
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from tests.load.doors import Door
from tests.load.outages import models

PAUSE_S, SAYS_S, PIECE_BYTES = 0.5, 40.0, 256 << 10
LAB = "/courses/odml/assignments/lab1/"


@dataclass
class HandIn:
    """One model on its way. told: what the receipt's address was each time one was given."""

    student: int
    width: int
    data: bytes
    in_pieces: bool
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    begun: float = 0.0
    ended: float = 0.0
    told: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Answer:
    """at: seconds since 1970. status: 0 where the line was lost. code: of a refusal."""

    at: float
    what: str
    status: int
    code: str
    is_plain: bool  # it had our words, and where that is due when to come again


class Student:
    """One browser. `answers` is shared by all."""

    def __init__(self, number: int, door: Door, cookie: str, answers: list[Answer]) -> None:
        self.number, self.door, self.cookie, self.answers = number, door, door.cookie("sessionid", cookie), answers
        self.token = self.target = ""

    def ask(
        self, what: str, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body); (0, {}, b"") where the line was lost."""
        line = None
        try:
            line = self.door.line(SAYS_S)
            sent = (
                self.door.headers
                | {"Cookie": self.cookie, "Accept": "application/json"}
                | {name.replace("_", "-"): value for name, value in headers.items()}
            )
            line.request(method, path, body, sent)
            answer = line.getresponse()
            said, status = answer.read(), answer.status
            found = {name.lower(): value for name, value in answer.getheaders()}
        except (OSError, http.client.HTTPException):
            said, status, found = b"", 0, {}
        finally:
            if line is not None:
                line.close()
        code, is_plain = "", True
        if status >= 400:
            code, is_plain = code_of(said) if method != "HEAD" else ("", True)  # the answer to HEAD has no words
            is_plain = is_plain and (status not in (503, 507) or "retry-after" in found)
        self.answers.append(Answer(time.time(), what, status, code, is_plain))
        return status, found, said

    def hand_in(self, sent: HandIn, *, is_over: Callable[[], bool] = lambda: False, slow_s: float = 0.0) -> None:
        """Until there is a receipt. slow_s: between the pieces."""
        sent.begun = time.time()
        while not is_over():
            if (self.token or self._page()) and (
                self._in_pieces(sent, slow_s, is_over) if sent.in_pieces else self._form(sent)
            ):
                sent.ended = time.time()
                return
            time.sleep(PAUSE_S)

    def _page(self) -> bool:
        status, headers, said = self.ask("page", "GET", LAB, Accept="text/html")
        if status != 200:
            return False
        page = said.decode()
        self.token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        self.target = re.search(r'data-target="([^"]+)"', page)[1]
        self.cookie += "; " + self.door.cookie("csrftoken", re.search(r"csrftoken=([^;]+)", headers["set-cookie"])[1])
        return True

    def _form(self, sent: HandIn, upload: str = "") -> bool:
        edge, fields = uuid.uuid4().hex, {"csrfmiddlewaretoken": self.token, "upload_key": sent.key}
        if upload:
            fields["upload_id"] = upload
        body = "".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ).encode()
        if not upload:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="model"; filename="m{sent.width}.onnx"\r\n\r\n'
            body += head.encode() + sent.data + b"\r\n"
        body += f"--{edge}--\r\n".encode()
        status, _, said = self.ask(
            "hand-in", "POST", LAB + "hand-in/", body, Content_Type=f"multipart/form-data; boundary={edge}"
        )
        if status in (200, 201):
            sent.told.append(json.loads(said)["url"].partition("?")[0])
        return status in (200, 201)

    def _in_pieces(self, sent: HandIn, slow_s: float, is_over: Callable[[], bool]) -> bool:
        words = {"filename": f"m{sent.width}.onnx", "purpose": "hand_in", "target": self.target}
        said = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in words.items())
        tus = {"Tus_Resumable": "1.0.0", "X_CSRFToken": self.token}
        status, headers, _ = self.ask(
            "announce", "POST", "/uploads/", Upload_Length=str(len(sent.data)), Upload_Metadata=said, **tus
        )
        if status != 201:
            return False
        path, offset = urllib.parse.urlsplit(headers["location"]).path, 0
        while offset < len(sent.data) and not is_over():
            piece = sent.data[offset : offset + PIECE_BYTES]
            part = {"Upload_Offset": str(offset), "Content_Type": "application/offset+octet-stream"}
            status, headers, _ = self.ask(
                "piece", "PATCH", path, slowly(piece, slow_s), Content_Length=str(len(piece)), **part, **tus
            )
            while (
                status not in (200, 204) and not is_over()
            ):  # as the page does: no piece goes out before it knows from where
                time.sleep(PAUSE_S)
                status, headers, _ = self.ask("how far", "HEAD", path, **tus)
            offset = int(headers.get("upload-offset", offset))
        while not is_over():
            if self._form(sent, path.strip("/").rsplit("/", 1)[-1]):
                return True
            time.sleep(PAUSE_S)
        return False


def slowly(piece: bytes, slow_s: float):
    if not slow_s:
        return piece
    parts = [piece[at : at + len(piece) // 8 + 1] for at in range(0, len(piece), len(piece) // 8 + 1)]

    def given():
        for part in parts:
            yield part
            time.sleep(slow_s)

    return given()


def code_of(said: bytes) -> tuple[str, bool]:
    """(code, whether it is one of our own answers): from the document, or from the page."""
    try:
        return json.loads(said)["error"]["code"], True
    except (ValueError, KeyError, TypeError):
        found = re.search(rb'<span class="mono">([a-z_]+)</span>', said)
        return (found[1].decode(), True) if found else ("", False)


class Students:
    """All of them: `threads` hand in side by side, each for one student after the other, as many as `release` lets."""

    def __init__(self, door: Door, cookies: list[str], many: int, *, threads: int, seed: int = 11) -> None:
        self.answers: list[Answer] = []
        self.sent: list[HandIn] = []
        self.people = [Student(n, door, cookie, self.answers) for n, cookie in enumerate(cookies)]
        chance, widths = random.Random(seed), [width for width in models.WIDTHS if width != models.WIDE]
        self.waiting: list[HandIn] = []
        for n in range(many):
            in_pieces = n % 3 == 0
            width = models.WIDE if in_pieces else chance.choice(widths)
            self.waiting.append(HandIn(n % len(cookies), width, models.model(width, n), in_pieces))
        self._tickets, self._lock, self._is_over = threading.Semaphore(0), threading.Lock(), threading.Event()
        self.busy = [threading.Lock() for _ in cookies]
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def release(self, many: int) -> None:
        """So many more may be handed in."""
        self._tickets.release(many)

    def begin(self) -> None:
        for thread in self.threads:
            thread.start()

    def _next(self) -> HandIn | None:
        with self._lock:
            if not self.waiting:
                return None
            self.sent.append(self.waiting.pop(0))
            return self.sent[-1]

    def _work(self) -> None:
        while not self._is_over.is_set():
            if not self._tickets.acquire(timeout=0.5):
                continue
            if (sent := self._next()) is None:
                return
            self.one(sent)

    def one(self, sent: HandIn, slow_s: float = 0.0) -> None:
        """This one now, in the caller's thread. A person hands in one thing after the other."""
        with self.busy[sent.student]:
            self.people[sent.student].hand_in(sent, is_over=self._is_over.is_set, slow_s=slow_s)

    def take(self, in_pieces: bool) -> HandIn | None:
        """One that waits, for a fault that needs a hand-in of its own."""
        with self._lock:
            found = next((one for one in self.waiting if one.in_pieces == in_pieces), None)
            if found is not None:
                self.waiting.remove(found)
                self.sent.append(found)
            return found

    def received(self) -> int:
        return sum(1 for one in self.sent if one.told)

    def are_done(self) -> bool:
        return not self.waiting and all(one.told for one in self.sent)

    def close(self) -> None:
        self._is_over.set()
