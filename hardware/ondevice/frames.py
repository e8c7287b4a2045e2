"""The result channel between a sandboxed process and the process that watches it.

A frame is a 4-byte big-endian length followed by that many bytes of UTF-8 JSON: ``{"nonce": ..., "kind": ..., "body":
{...}}``. The nonce is known to the launcher and the watcher only. A model that finds the descriptor and writes to it
does not know the nonce, so what it writes is refused instead of being taken for a result.
"""

from __future__ import annotations

import hmac
import json
import os
import struct
from collections.abc import Iterator
from typing import Any

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 16 * 1024 * 1024  # the report of 20,000 operators is the largest there is
MOST_DIGITS = 300  # of a whole number: so many still fit into a float
MEMBERS = frozenset({"nonce", "kind", "body"})


class FrameError(ValueError):
    """What came over the channel is not a frame of ours: malformed, too large, or with a wrong nonce."""


def encode_frame(nonce: str, kind: str, body: dict[str, Any]) -> bytes:
    """Return one frame as bytes. Raises ValueError where ``body`` is not JSON (NaN and infinity are not)."""
    document = json.dumps({"nonce": nonce, "kind": kind, "body": body}, allow_nan=False, separators=(",", ":"))
    payload = document.encode("utf-8")
    return LENGTH.pack(len(payload)) + payload


def write_frame(fd: int, nonce: str, kind: str, body: dict[str, Any]) -> None:
    """Write one whole frame to the descriptor ``fd``. Raises OSError where the reader has gone away."""
    view = memoryview(encode_frame(nonce, kind, body))
    while view:
        view = view[os.write(fd, view) :]


class FrameReader:
    """Puts frames together from bytes as they arrive, and refuses everything that is not one.

    ``max_bytes`` bounds a single frame, ``max_total_bytes`` everything read through this reader.
    """

    def __init__(self, nonce: str, max_bytes: int = MAX_FRAME_BYTES, max_total_bytes: int | None = None) -> None:
        self._nonce = nonce
        self._max_bytes = max_bytes
        self._max_total_bytes = max_total_bytes
        self._total_bytes = 0
        self._buffer = bytearray()

    @property
    def pending_bytes(self) -> int:
        """Bytes of a frame that has begun and is not complete. More than 0 at the end means a frame was cut short."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
        """Take in ``data`` and yield each frame that is now complete as (kind, body). Raises FrameError."""
        self._total_bytes += len(data)
        if self._max_total_bytes is not None and self._total_bytes > self._max_total_bytes:
            raise FrameError(f"More than {self._max_total_bytes} bytes came over the result channel.")
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > self._max_bytes:
                # Checked before the rest is read, so that a forged length cannot make us collect gigabytes.
                raise FrameError(f"A frame of {length} bytes is larger than the {self._max_bytes} allowed.")
            end = LENGTH.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[LENGTH.size : end])
            del self._buffer[:end]
            yield self._decode(payload)

    def _decode(self, payload: bytes) -> tuple[str, dict[str, Any]]:
        try:
            document = json.loads(payload, parse_constant=_no_number, parse_int=_whole)
        except (ValueError, RecursionError) as error:
            raise FrameError("A frame is not valid JSON.") from error
        if not isinstance(document, dict) or set(document) != MEMBERS:
            raise FrameError("A frame does not have exactly the members nonce, kind and body.")
        nonce, kind, body = document["nonce"], document["kind"], document["body"]
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode("utf-8"), self._nonce.encode("utf-8")):
            raise FrameError("A frame carries a wrong nonce.")
        if not isinstance(kind, str) or not isinstance(body, dict):
            raise FrameError("A frame's kind must be text and its body an object.")
        return kind, body


def _no_number(word: str) -> None:
    """Python reads NaN and infinity, which are no JSON and which no database takes as such."""
    raise ValueError(f"{word} is not JSON")


def _whole(word: str) -> int:
    """Python reads whole numbers of any length, and whoever makes a time of one falls over it."""
    if len(word) > MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(word)
