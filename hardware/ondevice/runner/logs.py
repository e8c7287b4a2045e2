"""Bring the log of a job to the site, from where the site says that it stands."""

from __future__ import annotations

import threading

from hardware.ondevice.runner.client import Client
from hardware.ondevice.runner.spool import Spool

PIECE_BYTES = 128 << 10


class LogPusher:
    """Pushes what is new. Several threads may ask; one after the other does it."""

    def __init__(self, client: Client, spool: Spool, lease: str, attempt: int) -> None:
        self._client, self._spool, self._lease, self._attempt = client, spool, lease, attempt
        self._offset = 0
        self._lock = threading.Lock()

    def push(self) -> None:
        """Everything that is there now. Raises what the client raises; the next push goes on from there."""
        with self._lock:
            while True:
                piece = self._spool.read_log(self._offset)[:PIECE_BYTES]
                if not piece:
                    return
                answer = self._client.put_log(self._lease, self._attempt, self._offset, piece)
                committed = answer.document.get("committed")
                if answer.status not in {200, 416} or type(committed) is not int or answer.document.get("truncated"):
                    return  # a log is worth no job
                if answer.status == 200 and committed <= self._offset:
                    return
                self._offset = committed

    def again_from(self, offset: int) -> None:
        """The site has only so much of it."""
        with self._lock:
            self._offset = max(offset, 0)
