"""Test data that somebody sends: .npy files, read without numpy and without ever unpickling anything.

A header is taken only as numpy itself writes it, and a file only when it is exactly as long as its header says.
Format: numpy.lib.format, versions 1 to 3.
"""

import re
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput

MAGIC = b"\x93NUMPY"
MOST_HEADER, CHUNK = 1 << 12, 1 << 20
HEADER = re.compile(r"\{'descr': '([^']{1,8})', 'fortran_order': (True|False), 'shape': \((\d[\d, ]*|)\), \}\s*")
# descr in the file -> name of the type, code of Python's array
TYPES = {"<f4": ("float32", "f"), "<i8": ("int64", "q"), "|u1": ("uint8", "B"), "|i1": ("int8", "b")}
INPUTS = ("float32", "uint8", "int8")
USUAL = {"inputs": ("float32",), "labels": ("int64",)}


@dataclass(frozen=True)
class Npy:
    """An array on disk. what: inputs or labels. dtype: a name of TYPES. begins: where its values begin, in bytes."""

    path: Path
    what: str
    shape: tuple[int, ...]
    begins: int
    dtype: str

    @property
    def code(self) -> str:
        return next(code for name, code in TYPES.values() if name == self.dtype)

    def values(self, each: int = 1) -> Iterator[Any]:
        """The values in pieces, as arrays, each of a whole number of `each` values."""
        size = array(self.code).itemsize * each
        with self.path.open("rb") as file:
            file.seek(self.begins)
            while piece := file.read(max(CHUNK // each, 1) * size):
                found = array(self.code, piece)
                if sys.byteorder == "big":
                    found.byteswap()
                yield found

    def rows(self) -> Iterator[Any]:
        """The rows of an array with two axes, one after the other."""
        width = self.shape[1]
        for piece in self.values(each=width):
            for start in range(0, len(piece), width):
                yield piece[start : start + width]


def refused(what: str, code: str, sentence: str) -> BadInput:
    return BadInput(sentence, code=code, details={"field": what})


def npy_at(path: Path, what: str, types: tuple[str, ...] = ()) -> Npy:
    """types: which numbers it may hold, of TYPES; the usual ones where none are named.

    Raises BadInput: `not_npy`, `wrong_dtype`, `fortran_order`, `wrong_shape` or `broken_npy`, with the field `what`.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        lead = file.read(8)
        if lead[:6] != MAGIC or len(lead) < 8 or lead[6] not in (1, 2, 3):
            raise refused(what, "not_npy", "This is not an .npy file. Write it with numpy.save.")
        width, code = (2, "<H") if lead[6] == 1 else (4, "<I")
        raw = file.read(width)
        length = struct.unpack(code, raw)[0] if len(raw) == width else MOST_HEADER + 1
        match = HEADER.fullmatch(file.read(length).decode("latin1")) if length <= MOST_HEADER else None
    if match is None:
        said = "The head of this file is not as numpy writes it for one plain array. Write it with numpy.save(..., allow_pickle=False)."
        raise refused(what, "not_npy", said)
    descr, fortran, text = match.groups()
    dtype = _dtype(descr, what, types or USUAL[what])
    if fortran == "True":
        raise refused(
            what, "fortran_order", f"The {what} lie in Fortran order; write them with numpy.ascontiguousarray."
        )
    shape = tuple(int(n) for n in re.findall(r"\d+", text))
    if not shape or len(shape) > 8 or not all(0 < n < 1 << 40 for n in shape):
        raise refused(what, "wrong_shape", f"The {what} have the shape ({text}), which holds nothing.")
    found = Npy(path, what, shape, len(lead) + width + length, dtype)
    if size != found.begins + prod(shape) * array(found.code).itemsize:
        said = f"The head of the {what} says {numbers.count(prod(shape))} values, and the file is longer or shorter. Send it again."
        raise refused(what, "broken_npy", said)
    return found


def _dtype(descr: str, what: str, types: tuple[str, ...]) -> str:
    """The name of a type that is among those taken. Raises BadInput (`wrong_dtype`)."""
    name = TYPES[descr][0] if descr in TYPES else ""
    if name not in types:
        words = " or ".join(types)
        said = f"The {what} are {name or descr}; they have to be {words} (astype('{types[0]}'))."
        raise refused(what, "wrong_dtype", said)
    return name


def value_range(data: Npy) -> tuple[float, float]:
    """The least and the largest value. Raises BadInput (`not_finite`)."""
    low, high = float("inf"), float("-inf")
    for piece in data.values():
        if not isfinite(sum(piece)):  # float32 cannot reach the end of a float of ours by adding
            said = f"Among the {data.what} is a value that is no number (nan or inf)."
            raise refused(data.what, "not_finite", said)
        least, most = min(piece), max(piece)
        low, high = min(low, least), max(high, most)
    return low, high


def same_count(labels: Npy, inputs: Npy) -> None:
    """Raises BadInput (`counts_differ`)."""
    if inputs.shape[0] != labels.shape[0]:
        said = f"There are {numbers.count(labels.shape[0])} labels for {numbers.count(inputs.shape[0])} inputs."
        raise refused("labels", "counts_differ", said)
