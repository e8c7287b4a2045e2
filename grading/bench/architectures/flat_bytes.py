"""FlatBuffers as bytes, as far as a TFLite file needs them: no library, so that a web process may write one.

The format: https://flatbuffers.dev/internals/. Offsets point forward, so whoever is named is written after whoever names it.
"""

import struct
from dataclasses import dataclass, field

Scalar = tuple[str, float]
BYTE, BOOL, UBYTE, INT, UINT, FLOAT, LONG = "b", "?", "B", "i", "I", "f", "q"


@dataclass
class Table:
    """fields: place in the schema -> a scalar with its type, or what is pointed to. What is not given has the schema's default."""

    fields: dict[int, "Scalar | Value"] = field(default_factory=dict)


@dataclass(frozen=True)
class Vector:
    """Of tables, or of scalars of one type. align: of its first element."""

    items: "list[Table] | tuple[float, ...]"
    kind: str = ""
    align: int = 4


@dataclass(frozen=True)
class Raw:
    """A vector of bytes, the first at a multiple of 16, as TFLite wants its buffers."""

    data: bytes


Value = Table | Vector | Raw | str


def written(root: Table, identifier: bytes) -> bytes:
    """A whole file. identifier: its four bytes at 4."""
    out = bytearray(4) + identifier
    waiting: list[tuple[int, Value]] = [(0, root)]
    while waiting:
        place, value = waiting.pop(0)
        struct.pack_into("<I", out, place, _write(out, value, waiting) - place)
    return bytes(out)


def _write(out: bytearray, value: Value, waiting: list[tuple[int, Value]]) -> int:
    """Appends one thing and returns where it begins. What it points to is left for later."""
    if isinstance(value, Table):
        return _table(out, value, waiting)
    if isinstance(value, Raw):
        start = _vector_start(out, len(value.data), 16)
        out += value.data
        return start
    if isinstance(value, str):
        data = value.encode()
        start = _vector_start(out, len(data), 4)
        out += data + b"\0"
        return start
    start = _vector_start(out, len(value.items), value.align)
    for item in value.items:
        if isinstance(item, Table):
            waiting.append((len(out), item))
            out += bytes(4)
        else:
            out += struct.pack(f"<{value.kind}", item if value.kind == FLOAT else int(item))
    return start


def _vector_start(out: bytearray, count: int, align: int) -> int:
    """Its length, so placed that the first element is aligned."""
    _pad(out, align, ahead=4)
    out += struct.pack("<I", count)
    return len(out) - 4


def _table(out: bytearray, table: Table, waiting: list[tuple[int, Value]]) -> int:
    """First its list of places, then the table itself, each value at a multiple of its size."""
    count = max(table.fields, default=-1) + 1
    _pad(out, 4, ahead=4 + 2 * count)
    places = len(out)
    out += bytes(4 + 2 * count)
    start = len(out)
    out += struct.pack("<i", start - places)
    for number, value in table.fields.items():
        if isinstance(value, tuple):
            kind, plain = value
            packed = struct.pack(f"<{kind}", plain if kind == FLOAT else int(plain))
        else:
            packed = bytes(4)
        _pad(out, len(packed))
        if not isinstance(value, tuple):
            waiting.append((len(out), value))
        struct.pack_into("<H", out, places + 4 + 2 * number, len(out) - start)
        out += packed
    struct.pack_into("<HH", out, places, 4 + 2 * count, len(out) - start)
    return start


def _pad(out: bytearray, align: int, ahead: int = 0) -> None:
    """So that what comes after the next `ahead` bytes is aligned."""
    out += bytes(-(len(out) + ahead) % align)
