"""Where the bytes of unfinished uploads lie. Two places know how: a local disk (local.py) and an S3-compatible store (s3.py).

A spool keeps nothing that the row does not know: what lies beyond the row's `offset_bytes` does not count and may be overwritten. So a
process can be killed at any point, and two writers at one upload are told apart by the row alone.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

State = dict[str, Any]  # JSON, kept in the row; {} for an upload of which nothing is here


class Spool(Protocol):
    """Every call raises StorageFull where there is no room, and Unavailable (`storage_failed`) where the place does not work."""

    piece_bytes: int  # how much is read from the line before it is written and the row moves on

    def check_room(self, size_bytes: int) -> None:
        """Raises StorageFull when a file of this size will not go in."""

    def locked(self, key: UUID) -> AbstractContextManager[None]:
        """One writer of this upload at a time, as far as the place can hold others off."""

    def write(self, key: UUID, offset: int, data: bytes, state: State) -> State:
        """`data` behind the first `offset` bytes, durable on return. Gives the state that goes with offset + len(data)."""

    def finish(self, key: UUID, size_bytes: int, state: State) -> str:
        """Make one file of it, and return its SHA-256 (hex). May be called again."""

    def opened(self, key: UUID) -> AbstractContextManager[Path]:
        """A name of the finished file on a local disk. Whoever gets it may move it away; the spool's own stays."""

    def discard(self, key: UUID, state: State) -> None:
        """Nothing of it is left. May be called again."""

    def probe(self) -> None:
        """Put something there and take it away again, within a few seconds: whether files can be kept now."""

    def keys(self) -> Iterable[UUID]:
        """Every upload of which something lies here."""


@cache
def _made(path: str) -> Spool:
    return import_string(path)()  # type: ignore[no-any-return]


def spool() -> Spool:
    """The one that the settings name. boto3 is imported only where that is S3."""
    return _made(settings.UPLOAD_SPOOL)


def storage_health() -> str:
    """For /healthz: the place that the settings name, not another."""
    spool().probe()
    return "ok"
