"""One request to the site and its answer: what may carry the token where, what is tried again, what each refusal means."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from courseplatform.cli.client.built import VERSION
from courseplatform.cli.client.sign_in import LOOPBACK, SignIn
from courseplatform.cli.client.words import NoLine, Refused, SignedOut, WrongUse

API = "/api/v1/"
TIMEOUT_S = 60.0
TRIES, FIRST_PAUSE_S, MOST_PAUSE_S = 5, 0.5, 30.0
MOST_WAIT_S = 130  # a limit of requests is over within a minute; whoever says longer is a refusal
MOST_BYTES, MOST_PAGES, PIECE_BYTES = 64 << 20, 100, 1 << 18
BUSY = frozenset({502, 503, 504})
FULL = 507


class Broken(Exception):
    """The line broke before an answer came. Trying again may help."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Raises NoLine where something that is not the site has answered."""
        try:
            found = json.loads(self.body.decode("utf-8"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            said = f"Something on the way to the site answered with status {self.status}, and not as the site does."
            raise NoLine(said, "not_the_site", {"status": self.status})
        return found

    @property
    def retry_after_s(self) -> float | None:
        said = self.headers.get("Retry-After", "").strip()
        return float(said) if said.isascii() and said.isdecimal() and len(said) < 7 else None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def pause_s(tried: int) -> float:
    """Between two tries: twice as long each time, and not all programs at once."""
    return min(FIRST_PAUSE_S * 2.0**tried, MOST_PAUSE_S) * float(random.uniform(0.7, 1.0))  # noqa: S311 nothing secret hangs on it


def path_of(*parts: str, **query: Any) -> str:
    """An address below the API, each part quoted."""
    asked = urlencode({key: value for key, value in query.items() if value is not None})
    return API + "/".join(quote(part, safe="") for part in parts) + (f"?{asked}" if asked else "")


class Line:
    """The site as one token sees it. The token goes to the origin of the sign-in and nowhere else."""

    def __init__(
        self, sign_in: SignIn, say: Callable[[str], None] = lambda _: None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.sign_in, self.say, self.sleep = sign_in, say, sleep
        is_here = urlsplit(sign_in.site).hostname in LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self._opener = urllib.request.build_opener(
            _NoRedirects(), urllib.request.HTTPSHandler(context=ssl.create_default_context()), *proxies
        )

    @property
    def site(self) -> str:
        return self.sign_in.site

    # -- documents ------------------------------------------------------------------------------------------------

    def get(self, *parts: str, **query: Any) -> dict[str, Any]:
        """Raises Refused, SignedOut or NoLine, as all that follow."""
        return self.ask("GET", path_of(*parts, **query)).document()

    def pages(self, *parts: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All of a list, page by page. The address of the next one is used below the API of this site alone."""
        path: str | None = path_of(*parts, **{"page_size": 200, **query})
        for _ in range(MOST_PAGES):
            if path is None:
                return
            found = self.ask("GET", path).document()
            yield from found["results"]
            after = urlsplit(found["next"] or "")
            path = f"{after.path}?{after.query}" if after.path.startswith(API) else None

    def rows(self, *parts: str, **query: Any) -> list[dict[str, Any]]:
        """A list that comes in one piece."""
        answer = self.ask("GET", path_of(*parts, **query))
        found = json.loads(answer.body.decode("utf-8"))
        return list(found) if isinstance(found, list) else []

    def post(
        self, *parts: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> Answer:
        """A form. Only for what may be sent twice: it is sent again where the line breaks before the answer."""
        boundary = f"milliamp-{os.urandom(16).hex()}"
        body = multipart(boundary, fields, files or {})
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.ask("POST", path_of(*parts), body=body, headers=headers)

    def save(self, *parts: str, target: Path, see: Callable[[bytes], None] = lambda _: None) -> int:
        """A file as it arrived, in pieces, whole or not at all. Returns its bytes. Raises WrongUse too (`cannot_write`)."""
        beside = target.with_name(f".{target.name}.part")
        try:
            with self._file(path_of(*parts)) as answer, beside.open("wb") as file:
                if answer.status != http.client.OK:
                    raise_refusal(Answer(answer.status, _headers(answer.headers), _piece(answer, MOST_BYTES)))
                while piece := _piece(answer, PIECE_BYTES):
                    file.write(piece)
                    see(piece)
                many, wanted = file.tell(), answer.headers.get("Content-Length", "")
            if wanted.isdecimal() and int(wanted) != many:
                raise Broken("it ended before the last byte")
            os.replace(beside, target)
        except Broken as error:
            raise NoLine(f"The line broke ({error}). Nothing was kept; say it again.", "line_broke") from error
        except OSError as error:
            raise WrongUse(f"{target} cannot be written: {error.strerror}.", "cannot_write") from error
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
        return many

    # -- requests -------------------------------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to what may be asked several times: where the line breaks or the site is busy, it is."""
        for tried in range(TRIES):
            is_last = tried == TRIES - 1
            try:
                answer = self.once(method, path, body, headers or {})
            except Broken as error:
                if is_last:
                    raise no_line(self.site, error) from error
                self.wait(pause_s(tried), f"The line broke ({error})")
                continue
            pause = self.pause_after(answer, tried)
            if pause is None or is_last:
                raise_refusal(answer)
                return answer
            self.wait(pause, "The site is busy" if answer.status in BUSY else "Too many requests within a minute")
        raise AssertionError("the last try answers or raises")

    def pause_after(self, answer: Answer, tried: int) -> float | None:
        """How long to wait before the same is asked again; None: this is the answer."""
        said = answer.retry_after_s
        if answer.status == http.client.TOO_MANY_REQUESTS:
            return said + 0.5 if said is not None and said <= MOST_WAIT_S else None
        return max(said or 0.0, pause_s(tried)) if answer.status in BUSY and (said or 0) <= MOST_WAIT_S else None

    def wait(self, seconds: float, why: str) -> None:
        if seconds >= 3:
            self.say(f"{why}. Trying again in {seconds:.0f} s.")
        self.sleep(seconds)

    def once(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """One try. Raises Broken, or NoLine where trying again would not help."""
        try:
            with self._open(method, path, body, headers) as answer:
                return Answer(answer.status, _headers(answer.headers), answer.read(MOST_BYTES))
        except (http.client.HTTPException, OSError) as error:
            raise Broken(_why(error)) from error

    def _file(self, path: str) -> Any:
        """The open answer of a file. The site may keep files on a host of their own: it is asked once, and never gets the token."""
        answer = self._open("GET", path, None, {})
        link = answer.headers.get("Location", "")
        if answer.status != http.client.FOUND or not _is_file_link(link, self.site):
            return answer
        answer.close()
        return self._ask_open(urllib.request.Request(link))  # noqa: S310 http(s), checked above

    def _open(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        """The open answer, whatever its status. Raises Broken or NoLine."""
        request = urllib.request.Request(self.site + path, data=body, method=method, headers=dict(headers))  # noqa: S310 http(s), checked at sign-in
        if self.sign_in.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.sign_in.token}")
        return self._ask_open(request)

    def _ask_open(self, request: urllib.request.Request) -> Any:
        request.add_header("User-Agent", f"milliamp/{VERSION}")
        request.add_header("Accept", "application/json")
        try:
            return self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            return error
        except urllib.error.URLError as error:
            reason = error.reason
            if isinstance(reason, ssl.SSLCertVerificationError):
                said = f"The certificate of {_origin(request.full_url)} is not trusted here: {reason.verify_message}. SSL_CERT_FILE may name its authority."
                raise NoLine(said, "certificate") from error
            raise Broken(_why(reason)) from error
        except (http.client.HTTPException, OSError) as error:
            raise Broken(_why(error)) from error


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_file_link(link: str, site: str) -> bool:
    """A file of the site on its host for files: another host, no less safe a line, and no name or password in it."""
    there, here = urlsplit(link), urlsplit(site)
    is_safe = there.scheme == "https" or (there.scheme == here.scheme == "http")
    return (
        is_safe and there.path.startswith("/content/") and "@" not in there.netloc and there.hostname != here.hostname
    )


def _piece(answer: Any, many: int) -> bytes:
    """Raises Broken."""
    try:
        return bytes(answer.read(many))
    except (http.client.HTTPException, OSError) as error:
        raise Broken(_why(error)) from error


def _headers(found: Message) -> dict[str, str]:
    return {key.title(): str(value) for key, value in found.items()}


def _why(error: Any) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(
        error
    ):  # before Python 3.10 socket.timeout is a class of its own
        return "no answer in time"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def no_line(site: str, error: object) -> NoLine:
    return NoLine(f"{site} cannot be reached ({error}). Say the same again later.", "no_connection")


def raise_refusal(answer: Answer) -> None:
    """Does nothing where the answer is no refusal. Raises Refused, SignedOut or NoLine."""
    if answer.status < http.client.MULTIPLE_CHOICES:
        return
    if answer.status < http.client.BAD_REQUEST:
        where = answer.headers.get("Location", "")
        said = f"The site sends on to {where[:200]}, and a token is sent nowhere else. Sign in with the address where it is now."
        raise Refused(said, "redirected", answer.status)
    error = answer.document().get("error")
    if not isinstance(error, dict):
        error = {}
    sentence = str(error.get("message") or f"The site answered with status {answer.status}.")
    code, details = str(error.get("code") or f"status_{answer.status}"), error.get("details")
    known = details if isinstance(details, dict) else {}
    if answer.status == http.client.UNAUTHORIZED:
        raise SignedOut(f"{sentence} Then sign in again: milliamp login", code)
    if answer.status >= http.client.INTERNAL_SERVER_ERROR:
        raise NoLine(sentence, code, known)
    raise Refused(sentence, code, answer.status, known)


def multipart(boundary: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The body of a form."""
    made = bytearray()

    def part(head: str, content: bytes) -> None:
        made.extend(f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode())
        made.extend(content + b"\r\n")

    for name, value in fields.items():
        part(f'name="{_quoted(name)}"', value.encode("utf-8", "replace"))
    for name, (file_name, content) in files.items():
        part(
            f'name="{_quoted(name)}"; filename="{_quoted(file_name)}"\r\nContent-Type: application/octet-stream',
            content,
        )
    return bytes(made) + f"--{boundary}--\r\n".encode()


def _quoted(name: str) -> str:
    safe = name.encode("utf-8", "replace").decode()
    return safe.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
