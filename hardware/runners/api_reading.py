"""What the protocol's endpoints read of a request: numbers, leases, bytes, ranges. Every refusal is a sentence with a code."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from courseplatform.core.errors import BadInput, TooLarge

PIECE_BYTES = 1 << 20
MOST_HELD = 8


def read_object(data: Any) -> dict[str, Any]:
    """Raises BadInput, code `not_an_object`."""
    if not isinstance(data, dict):
        raise BadInput("The body is a JSON object.", code="not_an_object")
    return data


def read_attempt(said: dict[str, Any]) -> int:
    """Raises BadInput, code `no_attempt`."""
    attempt = said.get("attempt")
    if type(attempt) is not int or not 0 < attempt < 1 << 31:
        raise BadInput("`attempt` is missing: the number that came with the lease.", code="no_attempt")
    return attempt


def read_number(request: Request, name: str) -> int:
    """Raises BadInput, code `bad_number`."""
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise BadInput(f"`{name}` is missing in the address: a whole number.", code="bad_number")
    return int(text)


def read_count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 31 else 0


def read_held(said: Any) -> list[tuple[UUID, int]]:
    """Leases that the runner names; what is none is left out, and it is then told to drop nothing for it."""
    found = []
    for row in said[:MOST_HELD] if isinstance(said, list) else []:
        try:
            found.append((UUID(str(row["lease"])), int(row["attempt"])))
        except (TypeError, KeyError, ValueError):
            continue
    return found


def read_pieces(request: Request, most: int) -> Iterator[bytes]:
    """The body, piece by piece. Raises TooLarge where more than `most` bytes come, also where they are announced."""
    stream, size = request._request, 0
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdigit() and int(announced[:20]) > most:
        raise TooLarge(f"A body has at most {most >> 20} MiB here.", code="too_large")
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if size > most:
            raise TooLarge(f"A body has at most {most >> 20} MiB here.", code="too_large")
        yield piece


def range_begin(header: str, size: int) -> int | None:
    """First byte of `Range: bytes=N-`; 0 without one, None where there is nothing there."""
    if not header.startswith("bytes="):
        return 0
    first = header[6:].partition("-")[0]
    if not (first.isascii() and first.isdigit()) or len(first) > 15:
        return 0
    return int(first) if int(first) < size else None
