"""Asking a platform: to its own hosts alone, with a limit of time and size, and never redirected elsewhere with our tokens."""

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

from courseplatform.lti.addresses import check_address
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import Platform

CONNECT_S, READ_S, WHOLE_S = 5, 10, 20  # together less than what a worker may be silent for
MOST_BYTES = 4 << 20


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


class PlatformSession(requests.Session):  # type: ignore[misc]
    """A session of requests for one platform. Raises PlatformProblem where there is no answer that can be used."""

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self.hosts = platform.hosts
        self.headers["User-Agent"] = "Milliamp"
        self.mount("https://", _Adapter())
        self.mount("http://", _Adapter())

    def request(self, method: str, url: str, **more: Any) -> Any:
        check_address(url, self.hosts)
        more |= {"timeout": (CONNECT_S, READ_S), "allow_redirects": False, "stream": True}
        end = time.monotonic() + WHOLE_S
        try:
            with _cut_after(WHOLE_S):
                answer = super().request(method, url, **more)
                answer._content = _body(answer, end)  # read here within the limits, for whoever asks for it later
        except requests.RequestException as error:
            raise PlatformProblem(
                f"The LMS does not answer ({type(error).__name__}).", code="lms_does_not_answer"
            ) from error
        if answer.is_redirect:
            raise PlatformProblem(
                "The LMS answered with another address instead of an answer.",
                code="lms_redirects",
                status=answer.status_code,
            )
        return answer


def _body(answer: Any, end: float) -> bytes:
    """One that was cut without having told its length ends like a whole one, so the clock is looked at once more."""
    found = bytearray()
    for part in answer.iter_content(1 << 16):
        found += part
        if len(found) > MOST_BYTES or time.monotonic() > end:
            break
    if len(found) > MOST_BYTES or time.monotonic() > end:
        answer.close()
        raise PlatformProblem("The LMS sends more than can be read, or too slowly.", code="lms_answer_too_long")
    return bytes(found)
