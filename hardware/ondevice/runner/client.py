"""Speak with the site: one method a call, and what each answer means. Nothing here waits or tries again but `patiently`."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlsplit

from hardware.ondevice.runner.words import LeaseLost, Revoked, RunnerError, TooOld, Unreachable

PREFIX = "/api/runner/v1"
TIMEOUT_S = 20.0
PIECE_BYTES = 1 << 16
MOST_ANSWER_BYTES = 8 << 20
MOST_RETRY_AFTER_S = 300.0
# What the site says of a token. A 401 without such a word comes from something in front of it, and will pass.
NOT_OURS = frozenset({"token_revoked", "token_unknown", "not_signed_in"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Value = TypeVar("Value")


@dataclass(frozen=True)
class Answer:
    """An answer that is not a fault of the connection: its status and its JSON document."""

    status: int
    document: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.document.get("code", ""))

    @property
    def sentence(self) -> str:
        """What the site says of it, for a person."""
        return str(self.document.get("message") or self.code or f"The site answered {self.status}.")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def check_site(site: str, *, plain_http: bool) -> str:
    """The site's address without a path. Raises RunnerError for one that a token must not be sent to."""
    parts = urlsplit(site.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise RunnerError(f"{site} is not the address of a site. Write it as https://example.org")
    if parts.scheme == "http" and not plain_http and parts.hostname not in LOOPBACK:
        raise RunnerError("Without TLS everybody on the way could read the token. Use https, or allow it: --plain-http")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


class Client:
    """The site, as a runner with ``token`` sees it. Safe to use from several threads."""

    def __init__(self, site: str, token: str = "", timeout_s: float = TIMEOUT_S) -> None:  # none yet  # nosec B107
        self.site, self.token, self._timeout_s = site, token, timeout_s
        self._opener = urllib.request.build_opener(
            _NoRedirects(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
        )

    # -- the calls ------------------------------------------------------------------------------------------------

    def enroll(self, code: str, protocol: int, facts: dict[str, Any]) -> Answer:
        """POST /enroll, the one call without a token."""
        return self._post("/enroll", {"code": code, "protocol": {"min": protocol, "max": protocol}, "facts": facts})

    def lease(self, protocol: int, facts: dict[str, Any], state: dict[str, Any], held: list[dict[str, Any]]) -> Answer:
        """POST /lease: report, and perhaps get a job."""
        return self._post("/lease", {"protocol": protocol, "facts": facts, "state": state, "held": held})

    def start(self, lease: str, attempt: int) -> Answer:
        """POST /lease/{id}/start."""
        return self._post(f"/lease/{quote(lease)}/start", {"attempt": attempt})

    def beat(self, lease: str, body: dict[str, Any]) -> str:
        """POST /lease/{id}/beat. Returns continue, cancel or drain."""
        return str(self._post(f"/lease/{quote(lease)}/beat", body).document.get("do", "continue"))

    def release(self, lease: str, attempt: int, why: str, *, fault: bool) -> Answer:
        """POST /lease/{id}/release."""
        return self._post(f"/lease/{quote(lease)}/release", {"attempt": attempt, "why": why, "fault": fault})

    def finish(self, lease: str, body: bytes) -> Answer:
        """POST /lease/{id}/finish, with bytes that are the same each time."""
        return self._call("POST", f"/lease/{quote(lease)}/finish", body, "application/json")

    def calibrate(self, asked: dict[str, Any]) -> Answer:
        """POST /calibration: begin one, or find the one that was begun. ``asked``: runtime, precision, threads."""
        return self._post("/calibration", asked)

    def calibration(self) -> Answer:
        """GET /calibration: how far the newest is; 404 comes back as an answer."""
        return self._call("GET", "/calibration", None, "application/json")

    def new_token(self) -> Answer:
        """POST /token."""
        return self._post("/token", {})

    def put_log(self, lease: str, attempt: int, offset: int, piece: bytes) -> Answer:
        """PUT /lease/{id}/log; 416 comes back as an answer."""
        path = f"/lease/{quote(lease)}/log?attempt={attempt}&offset={offset}"
        return self._call("PUT", path, piece, "text/plain; charset=utf-8")

    def put_file(self, lease: str, attempt: int, name: str, content: bytes) -> Answer:
        """PUT /lease/{id}/files/{name}; 409 and 422 come back as answers."""
        path = f"/lease/{quote(lease)}/files/{quote(name)}?attempt={attempt}"
        return self._call(
            "PUT", path, content, "application/octet-stream", {"X-Content-SHA256": hashlib.sha256(content).hexdigest()}
        )

    def download(self, url: str, target: Path, size: int, sha256: str) -> bool:
        """Fetch a file of a job, going on where an earlier try has stopped. Returns whether it is the file that was meant.

        Raises OSError where it does not fit on the disk.
        """
        digest = hashlib.sha256()
        with open(target, "ab+") as file:
            file.seek(0)
            for piece in iter(lambda: file.read(PIECE_BYTES), b""):
                digest.update(piece)
            have = file.tell()
            if have < size:
                headers = {"Range": f"bytes={have}-"} if have else {}
                with self._open("GET", url, None, headers) as answer:
                    if have and answer.status != 206:
                        file.truncate(0)
                        digest, have = hashlib.sha256(), 0
                    have += _copy(answer, file, digest, size - have)
            file.flush()
            os.fsync(file.fileno())
        if have < size:
            raise Unreachable(f"{target.name} was cut short.")
        if have > size or digest.hexdigest() != sha256:
            target.unlink()
            return False
        return True

    # -- how ------------------------------------------------------------------------------------------------------

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return self._call("POST", path, json.dumps(body, allow_nan=False).encode(), "application/json")

    def _call(
        self, method: str, path: str, body: bytes | None, kind: str, headers: dict[str, str] | None = None
    ) -> Answer:
        with self._open(method, PREFIX + path, body, {"Content-Type": kind, **(headers or {})}) as answer:
            try:
                content = answer.read(MOST_ANSWER_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"The answer was cut short: {error}") from error
            return _meant(answer.status, content, answer.headers.get("Retry-After"))

    @contextlib.contextmanager
    def _open(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Iterator[Any]:
        if not path.startswith("/") or path.startswith("//"):
            raise RunnerError(f"The site named {path!r} as a place of its own. It is none.")
        request = urllib.request.Request(self.site + path, data=body, method=method, headers=headers)  # noqa: S310 check_site
        request.add_header("Accept", "application/json, */*")
        if self.token:
            # Not redirected: urllib would hand on ordinary headers.
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            answer: Any = self._opener.open(request, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                answer = _Refusal(error)
        except (OSError, http.client.HTTPException) as error:
            # In Python 3.9 a timeout of a socket is no TimeoutError; all of them are OSErrors.
            raise Unreachable(str(getattr(error, "reason", "") or error or type(error).__name__)) from error
        with contextlib.closing(answer):
            yield answer


class _Refusal:
    """An answer of 3xx, 4xx or 5xx in the place of a good one. Raises what it means where it is no answer to a call."""

    def __init__(self, error: urllib.error.HTTPError) -> None:
        self.status, self.headers = error.code, error.headers
        try:
            self._content = error.read(MOST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            self._content = b""

    def read(self, size: int = -1) -> bytes:
        """All of it, the first time."""
        content, self._content = self._content, b""
        return content

    def close(self) -> None:
        """Nothing is open any more."""


def _copy(answer: Any, file: IO[bytes], digest: Any, most: int) -> int:
    """Bytes of a file, at most one more than it should have. Raises what a refusal means."""
    if answer.status >= 300:
        refused = _meant(answer.status, answer.read(), answer.headers.get("Retry-After"))
        raise RunnerError(refused.sentence)
    copied = 0
    while copied <= most:
        try:
            piece = answer.read(PIECE_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The file was cut short: {error}") from error
        if not piece:
            break
        file.write(piece)
        digest.update(piece)
        copied += len(piece)
    return copied


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The API says {"error": {"code", "message", "details": {...}}}; here all of it stands side by side."""
    error = document.get("error")
    if not isinstance(error, dict):
        return document
    details = error.get("details")
    return {
        **(details if isinstance(details, dict) else {}),
        "code": error.get("code"),
        "message": error.get("message"),
    }


def _meant(status: int, content: bytes, retry_after: str | None = None) -> Answer:
    """The answer, or the error that it is for every call alike."""
    try:
        document = json.loads(content or b"{}")
    except ValueError:
        document = {}
    answer = Answer(status, _flat(document) if isinstance(document, dict) else {})
    if status == 401 and answer.code in NOT_OURS:
        raise Revoked(f"The site does not know this runner any more. {answer.sentence}", answer.code == "token_revoked")
    if status == 426:
        span = f"{answer.document.get('min', '?')} to {answer.document.get('max', '?')}"
        raise TooOld(f"The site speaks protocol {span}. Download the runner from the site again.")
    if status == 410 and answer.code in {"", "lease_lost"}:
        raise LeaseLost(answer.sentence)
    if status in {401, 429} or status >= 500 or 300 <= status < 400:
        asked = retry_after or ""
        after_s = min(float(asked), MOST_RETRY_AFTER_S) if asked.isascii() and asked.isdigit() else 0.0
        raise Unreachable(f"The site answered {status}.", after_s)
    return answer


@dataclass
class Backoff:
    """1, 2, 4 ... 60 seconds, each times 0.5 to 1 at random, times ``scale``."""

    scale: float = 1.0
    longest_s: float = 60.0
    _next_s: float = field(default=1.0)

    def next_s(self, after_s: float = 0.0) -> float:
        """How long to wait now; ``after_s``: what the site has asked for, which no scale makes shorter."""
        wait = self._next_s
        self._next_s = min(2 * wait, self.longest_s)
        return max(wait * random.uniform(0.5, 1.0) * self.scale, after_s)  # noqa: S311 only to spread calls

    def reset(self) -> None:
        """The site has answered."""
        self._next_s = 1.0


def patiently(
    call: Callable[[], Value],
    wait: Callable[[float], bool],
    backoff: Backoff,
    left_s: Callable[[], float] | None = None,
) -> Value:
    """Call until the site answers. ``wait`` sleeps so many seconds and says whether to go on.

    Raises Unreachable where ``wait`` says stop, or where no seconds are left.
    """
    while True:
        try:
            return call()
        except Unreachable as error:
            pause = backoff.next_s(error.after_s)
            if (left_s is not None and left_s() <= pause) or not wait(pause):
                raise
