"""Put the predictions that came out of a sandbox together again, believing nothing about them that can be checked."""

import array
import ast
import base64
import binascii
import math
import struct
import sys
from pathlib import Path
from typing import Any

from hardware.ondevice.prediction import order

NPY_MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 1 << 16


class PredictionsError(ValueError):
    """The pieces do not make up the predictions that were asked for."""


def npy_count(path: Path) -> int:
    """How many inputs (length of the first axis) an .npy file holds, read from its header. Raises ValueError, OSError.

    Format: numpy.lib.format, versions 1 to 3.
    """
    with path.open("rb") as file:
        lead = file.read(8)
        if lead[:6] != NPY_MAGIC:
            raise ValueError(f"{path.name} is not an .npy file.")
        size, code = (2, "<H") if lead[6] == 1 else (4, "<I")
        (length,) = struct.unpack(code, file.read(size))
        header = ast.literal_eval(file.read(min(length, MAX_HEADER_BYTES)).decode("latin1"))
    return int(header["shape"][0])


def assemble(pieces: list[dict[str, Any]], count: int, seed: int) -> list[list[float]]:
    """The outputs for ``count`` inputs in the file's order, from pieces in the order that follows from ``seed``.

    Raises PredictionsError where a piece is missing, doubled, of another size, or holds a number that is none.
    """
    rows: list[list[float]] = []
    for piece in pieces:
        rows += _rows(piece, expected_start=len(rows), expected_size=len(rows[0]) if rows else None)
    if len(rows) != count:
        raise PredictionsError(f"{len(rows)} predictions came back for {count} inputs.")
    ordered: list[list[float]] = [[] for _ in range(count)]
    for place, index in enumerate(order(count, seed)):
        ordered[index] = rows[place]
    return ordered


def _rows(piece: dict[str, Any], expected_start: int, expected_size: int | None) -> list[list[float]]:
    start, count, size, data = (piece.get(key) for key in ("start", "count", "size", "data"))
    if not (type(start) is type(count) is type(size) is int and isinstance(data, str)):
        raise PredictionsError("A piece of the predictions is not of the agreed form.")
    if start != expected_start or count < 1 or size < 1 or (expected_size is not None and size != expected_size):
        raise PredictionsError("A piece of the predictions is out of order or of another size.")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PredictionsError("A piece of the predictions is not base64.") from error
    if len(raw) != 4 * count * size:
        raise PredictionsError("A piece of the predictions is longer or shorter than it says.")
    numbers = array.array("f", raw)
    if sys.byteorder == "big":
        numbers.byteswap()
    if not all(map(math.isfinite, numbers)):
        raise PredictionsError("A prediction is not a number.")
    return [numbers[first : first + size].tolist() for first in range(0, len(numbers), size)]
