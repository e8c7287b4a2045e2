"""What one model answered, as the inputs of the next: several models in a row are measured in one job, and the site is not asked between.

The site scores the very answers that are handed on here, so nothing is believed of them that it does not check again.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardware.ondevice.prediction import order
from hardware.ondevice.runner.job import Feed

FLOAT_BYTES = 4
HEADER_STEP = 64  # numpy.lib.format 1.0: the header ends on a multiple of it
Frame = tuple[str, dict[str, Any]]


class NotFed(Exception):
    """The answers are not those that were to be handed on: the job ends with the step that gave them, and the site says what that means."""


def write_fed(feed: Feed, frames: Sequence[Frame], target: Path) -> None:
    """Write the answers in ``frames`` (see prediction.py) as .npy, float32 of ``feed.shape``, in the order of the inputs' file.

    Raises NotFed, and OSError.
    """
    rows = _rows([body for kind, body in frames if kind == "predictions"])
    if len(rows) != feed.count:
        raise NotFed(f"{len(rows)} answers came for {feed.count} inputs.")
    ordered = [b""] * feed.count
    for place, index in enumerate(order(feed.count, feed.seed)):
        ordered[index] = rows[place]
    data, numbers = b"".join(ordered), 1
    for size in feed.shape:
        numbers *= size
    if len(data) != FLOAT_BYTES * numbers:
        raise NotFed(f"{len(data) // FLOAT_BYTES} numbers were answered, and the next model takes {numbers}.")
    target.write_bytes(_header(feed.shape) + data)
    target.chmod(0o444)


def _rows(pieces: Sequence[dict[str, Any]]) -> list[bytes]:
    rows: list[bytes] = []
    try:
        for piece in pieces:
            data, each = base64.b64decode(piece["data"], validate=True), FLOAT_BYTES * int(piece["size"])
            if each < FLOAT_BYTES or len(data) != each * int(piece["count"]):
                raise NotFed("A piece of the answers is longer or shorter than it says.")
            rows += [data[first : first + each] for first in range(0, len(data), each)]
    except (KeyError, TypeError, ValueError) as error:
        raise NotFed("A piece of the answers is not of the agreed form.") from error
    return rows


def _header(shape: Sequence[int]) -> bytes:
    sizes = "".join(f"{size}, " for size in shape)
    said = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}"
    used = 10 + len(said) + 1
    said += " " * (-used % HEADER_STEP) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(said)) + said.encode("latin1")
