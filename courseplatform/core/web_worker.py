"""The web server's worker: a silent client gets its time, and then its thread goes to somebody else."""

import gc
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

SILENCE_S = 20  # how long a client may send or take nothing in the middle of a request


# Objects made before the collector looks at the youngest: a table of ten thousand cells is one look, not fifteen.
YOUNG = 10_000


def keep_what_is_loaded() -> None:
    """Half a million objects (modules, models, routes) stay for good: the collector of garbage need not go through them in a request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, with a bound on how long one read or write may wait.

    gunicorn's own time-out watches the process, not the connection: as many stalled uploads as there are threads would stop the site.
    The bound is the kernel's (SO_RCVTIMEO, SO_SNDTIMEO), so it holds wherever the socket is read: in the headers, where the connection is
    closed, and in an upload, which then counts as broken off.
    """

    def load_wsgi(self) -> None:
        super().load_wsgi()
        keep_what_is_loaded()

    def enqueue_req(self, conn: Any) -> None:
        bound = struct.pack("ll", SILENCE_S, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bound)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bound)
        if "close" not in vars(conn):
            conn.close = partial(self._close_elsewhere, conn.close)
        super().enqueue_req(conn)

    def _close_elsewhere(self, close: Callable[[bool], None], graceful: bool = False) -> None:
        """gunicorn waits up to two seconds for the other side to close as well, in the loop that accepts everybody: eight stalled
        clients together would hold it for sixteen."""
        try:
            self.tpool.submit(close, graceful)
        except RuntimeError:  # the threads are gone: we are stopping
            close(graceful)
