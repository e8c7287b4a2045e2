"""Asking a machine of somebody else over HTTP: with a limit of time and size, and never redirected elsewhere.

Imported where it is used: `requests` costs a start a tenth of a second.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_S, READ_S, WHOLE_S = 5.0, 10.0, 20.0  # together less than what a worker may be silent for
MOST_BYTES = 4 << 20


class NoAnswer(Exception):
    """There is no answer that can be used. `why`: `silent`, `redirects` or `too_long`; `status`: what was answered (HTTP), else 0."""

    def __init__(self, why: str, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.why, self.status = why, status


_sockets: ContextVar[list[socket.socket] | None] = ContextVar("sockets of the request at hand", default=None)


class _Noted:
    """A connection that tells its socket, which is then known also once the answer is to be its last."""

    def request(self, *args: Any, **more: Any) -> None:
        super().request(*args, **more)  # type: ignore[misc]
        found, sock = _sockets.get(), getattr(self, "sock", None)
        if found is not None and sock is not None:
            found.append(sock)


class _Http(_Noted, HTTPConnection):
    pass


class _Https(_Noted, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls: Any = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls: Any = _Https


class _Adapter(HTTPAdapter):  # type: ignore[misc]
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


@contextmanager
def _cut_after(seconds: float) -> Iterator[None]:
    """The time-out of a socket begins anew with each byte: an answer of a byte every nine seconds would hold a thread for days."""
    found: list[socket.socket] = []
    mark, timer = _sockets.set(found), threading.Timer(seconds, _cut, [found])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _sockets.reset(mark)


def _cut(found: list[socket.socket]) -> None:
    for one in found:
        with suppress(OSError):  # closed meanwhile
            socket.socket.shutdown(one, socket.SHUT_RDWR)  # of TLS too, without its farewell


class GuardedSession(requests.Session):  # type: ignore[misc]
    """A session of requests within limits. Raises NoAnswer where there is no answer that can be used; its answers are read already."""

    def __init__(
        self, *, connect_s: float = CONNECT_S, read_s: float = READ_S, whole_s: float = WHOLE_S, most_bytes: int = MOST_BYTES
    ) -> None:  # fmt: skip
        super().__init__()
        self.limits_s, self.whole_s, self.most_bytes = (connect_s, read_s), whole_s, most_bytes
        self.headers["User-Agent"] = "Milliamp"
        self.mount("https://", _Adapter())
        self.mount("http://", _Adapter())

    def request(self, method: str, url: str, **more: Any) -> Any:
        more |= {"timeout": self.limits_s, "allow_redirects": False, "stream": True}
        end = time.monotonic() + self.whole_s
        try:
            with _cut_after(self.whole_s):
                answer = super().request(method, url, **more)
                answer._content = self._body(answer, end)  # read within the limits, for whoever asks for it later
        except requests.RequestException as error:
            raise NoAnswer("silent", type(error).__name__) from error
        if answer.is_redirect:
            raise NoAnswer("redirects", f"HTTP {answer.status_code}", answer.status_code)
        return answer

    def _body(self, answer: Any, end: float) -> bytes:
        """One that was cut without having told its length ends like a whole one, so the clock is looked at once more."""
        found = bytearray()
        for part in answer.iter_content(1 << 16):
            found += part
            if len(found) > self.most_bytes or time.monotonic() > end:
                break
        if len(found) > self.most_bytes or time.monotonic() > end:
            answer.close()
            raise NoAnswer("too_long", "more than can be read, or too slowly")
        return bytes(found)
