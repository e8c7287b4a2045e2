"""Test data that somebody sends: two .npy files, read without numpy and without ever unpickling anything.

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
TYPES = {"inputs": ("<f4", "f", "float32"), "labels": ("<i8", "q", "int64")}


@dataclass(frozen=True)
class Npy:
    """An array on disk. begins: where its values begin, in bytes."""

    path: Path
    what: str
    shape: tuple[int, ...]
    begins: int

    def values(self) -> Iterator[Any]:
        """The values in pieces, as arrays."""
        code = TYPES[self.what][1]
        with self.path.open("rb") as file:
            file.seek(self.begins)
            while piece := file.read(CHUNK * array(code).itemsize):
                found = array(code, piece)
                if sys.byteorder == "big":
                    found.byteswap()
                yield found


def _refused(what: str, code: str, sentence: str) -> BadInput:
    return BadInput(sentence, code=code, details={"field": what})


def npy_at(path: Path, what: str) -> Npy:
    """Raises BadInput: `not_npy`, `wrong_dtype`, `fortran_order`, `wrong_shape` or `broken_npy`, with the field `what`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        lead = file.read(8)
        if lead[:6] != MAGIC or len(lead) < 8 or lead[6] not in (1, 2, 3):
            raise _refused(what, "not_npy", "This is not an .npy file. Write it with numpy.save.")
        width, code = (2, "<H") if lead[6] == 1 else (4, "<I")
        raw = file.read(width)
        length = struct.unpack(code, raw)[0] if len(raw) == width else MOST_HEADER + 1
        match = HEADER.fullmatch(file.read(length).decode("latin1")) if length <= MOST_HEADER else None
    if match is None:
        said = "The head of this file is not as numpy writes it for one plain array. Write it with numpy.save(..., allow_pickle=False)."
        raise _refused(what, "not_npy", said)
    descr, fortran, text = match.groups()
    wanted, item, word = TYPES[what]
    if descr != wanted:
        said = f"The {what} are {descr}; they have to be {word} (astype('{wanted}'))."
        raise _refused(what, "wrong_dtype", said)
    if fortran == "True":
        raise _refused(
            what, "fortran_order", f"The {what} lie in Fortran order; write them with numpy.ascontiguousarray."
        )
    shape = tuple(int(n) for n in re.findall(r"\d+", text))
    if not shape or len(shape) > 8 or not all(0 < n < 1 << 40 for n in shape):
        raise _refused(what, "wrong_shape", f"The {what} have the shape ({text}), which holds nothing.")
    begins = len(lead) + width + length
    if size != begins + prod(shape) * array(item).itemsize:
        said = f"The head of the {what} says {numbers.count(prod(shape))} values, and the file is longer or shorter. Send it again."
        raise _refused(what, "broken_npy", said)
    return Npy(path, what, shape, begins)


def hidden_facts(inputs_path: Path, labels_path: Path) -> dict[str, Any]:
    """{count, shape (of one input), low, high, classes (the largest label and one)} of a hidden set.

    Raises BadInput as `npy_at` does, or `wrong_shape`, `counts_differ`, `not_finite`, `wrong_label`.
    """
    inputs, labels = npy_at(inputs_path, "inputs"), npy_at(labels_path, "labels")
    if len(inputs.shape) < 2:
        raise _refused(
            "inputs",
            "wrong_shape",
            "The inputs need a first axis, the number of inputs, and the shape of one behind it.",
        )
    if len(labels.shape) != 1:
        raise _refused("labels", "wrong_shape", "The labels are one number for each input: an array with one axis.")
    if inputs.shape[0] != labels.shape[0]:
        said = f"There are {numbers.count(labels.shape[0])} labels for {numbers.count(inputs.shape[0])} inputs."
        raise _refused("labels", "counts_differ", said)
    low, high = _range(inputs)
    least, most = min(map(min, labels.values())), max(map(max, labels.values()))
    if least < 0 or most >= 1 << 20:
        raise _refused(
            "labels",
            "wrong_label",
            f"A label is the number of its class from 0 up; there is one of {least if least < 0 else most}.",
        )
    return {"count": inputs.shape[0], "shape": list(inputs.shape[1:]), "low": low, "high": high, "classes": most + 1}


def _range(inputs: Npy) -> tuple[float, float]:
    low, high = float("inf"), float("-inf")
    for piece in inputs.values():
        if not isfinite(sum(piece)):  # float32 cannot reach the end of a float of ours by adding
            raise _refused("inputs", "not_finite", "Among the inputs is a value that is no number (nan or inf).")
        least, most = min(piece), max(piece)
        low, high = min(low, least), max(high, most)
    return low, high
