"""What a file is, told from its first bytes and its zip directory.

Nothing is decompressed, unpickled or imported, and the reading is bounded: safe in the web process. The name only has
to agree with the content. Whatever is not one of our four formats gets a sentence that says what to export.
"""

import io
import re
import stat
import struct
import zipfile
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from grading.bench.errors import BenchError
from grading.bench.files import file_size, unreadable
from grading.bench.mistakes import ENDINGS as MISTAKEN
from grading.bench.mistakes import SAVE_TORCH, TAKEN, check_content, check_ending, check_members
from hardware.ondevice.pt2 import MAX_MEMBERS

HEAD_BYTES = 4096
MOST_DIRECTORY_BYTES = 2 << 20
END, NOT_TOLD = b"PK\x05\x06", 0xFFFF
END_BYTES, MOST_TAIL = 22, 22 + 0xFFFF  # APPNOTE.TXT 4.3.16: without its comment, and with the longest one
MOST_EXPANDED_BYTES = 2 << 30
MOST_RATIO = 50  # torch stores its members uncompressed; text in a .pt2 compresses a few times


class Format(StrEnum):
    ONNX = "onnx"
    TFLITE = "tflite"
    TORCHSCRIPT = "torchscript"
    TORCH_EXPORT = "torch_export"


ENDINGS = {
    "onnx": Format.ONNX,
    "tflite": Format.TFLITE,
    "pt": Format.TORCHSCRIPT,
    "pth": Format.TORCHSCRIPT,
    "torchscript": Format.TORCHSCRIPT,
    "pt2": Format.TORCH_EXPORT,
}
WORDS = {
    Format.ONNX: "an ONNX model",
    Format.TFLITE: "a TFLite model",
    Format.TORCHSCRIPT: "a TorchScript model",
    Format.TORCH_EXPORT: "a torch.export program",
}


def sniff(path: Path, name: str) -> Format:
    """The format of the file at `path` that was handed in as `name`.

    Raises:
        BenchError: codes empty_file, wrong_extension, pickle_not_model, bad_zip, zip_bomb, unknown_format and
            those of mistakes.py; file_missing, file_unreadable and not_a_file of files.py.
    """
    if file_size(path) == 0:
        raise BenchError("empty_file", f"This file is empty. Export the model again, and hand in {TAKEN}.")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise unreadable(path, error) from error
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    found = _from_content(path, head, ending)
    named = ENDINGS.get(ending)
    if named is not found:
        ends = next(key for key, value in ENDINGS.items() if value is found)
        raise BenchError(
            "wrong_extension",
            f"The name ends in {'.' + ending[:20] if ending else 'nothing'}, but the content is {WORDS[found]}. "
            f"Rename it to end in .{ends}, or hand in the file that you meant.",
            details={"format": str(found)},
        )
    return found


def _from_content(path: Path, head: bytes, ending: str) -> Format:
    tflite = head[4:8] == b"TFL3"
    check_content(head, is_tflite=tflite)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _from_zip(path)
    if tflite:
        return Format.TFLITE
    # A SavedModel's first fields are those of an ONNX model too.
    if _is_onnx(head) and ending not in MISTAKEN:
        return Format.ONNX
    check_ending(ending)
    raise BenchError("unknown_format", f"This file is none of the formats that can be measured. Hand in {TAKEN}.")


def _is_onnx(head: bytes) -> bool:
    """A ModelProto: its first fields are known ones of their right wire types, ir_version or the graph among them."""
    position, seen = 0, set[int]()
    while position < len(head) and len(seen) < 4:
        key, position = _varint(head, position)
        field, wire = key >> 3, key & 7
        if not 1 <= field <= 26 or _ONNX_WIRES.get(field) != wire:
            return False
        seen.add(field)
        if wire == 0:
            _, position = _varint(head, position)
        else:
            length, position = _varint(head, position)
            position += length
    return bool(seen & {1, 7})


# Fields of onnx.ModelProto (onnx/onnx.proto): number -> wire type.
_ONNX_WIRES = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Next varint and the place behind it; at the end of the data 0."""
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    return value, len(data)


def _from_zip(path: Path) -> Format:
    names = check_zip(path)
    inner = {name.split("/", 1)[-1] for name in names}
    exported = any(name.startswith("models/") and name.endswith(".json") for name in inner)
    if exported or "serialized_exported_program.json" in names:
        return Format.TORCH_EXPORT
    if "bytecode.pkl" in inner:
        check_members(inner)
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        return Format.TORCHSCRIPT
    check_members(inner)
    if "data.pkl" in inner:
        raise BenchError(
            "pickle_not_model",
            "This holds weights (a state_dict or a pickled module) without a graph. " + SAVE_TORCH,
        )
    raise BenchError("unknown_format", f"This is a zip archive, but no PyTorch model. Hand in {TAKEN}.")


class _Bounded(io.FileIO):
    """zipfile reads a directory in one piece and in the size that the file claims: this is where that ends."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = size if size is not None and size >= 0 else MOST_DIRECTORY_BYTES + 1
        data = super().read(min(wanted, MOST_DIRECTORY_BYTES + 1)) or b""
        if len(data) > MOST_DIRECTORY_BYTES:
            raise _bomb("a directory of more than 2 MiB")
        return data


def _bomb(claim: str) -> BenchError:
    hint = "No exported model looks like that; export it again with torch.jit.save or torch.export.save."
    return BenchError("zip_bomb", f"This archive claims {claim}. {hint}")


def check_zip(path: Path) -> set[str]:
    """The names in a zip whose directory is harmless. Reads the directory only.

    Raises:
        BenchError: code bad_zip (broken, encrypted, doubled or escaping names, links, overlapping members) or zip_bomb.
    """
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
        with path.open("rb") as whole:
            whole.seek(-min(file_size(path), MOST_TAIL), io.SEEK_END)
            tail = whole.read()
    except BROKEN as error:
        raise BenchError("bad_zip", CUT_OFF) from error
    behind = bytes_behind(tail)
    if behind < 0 or _count(tail) not in (len(entries), NOT_TOLD):
        raise BenchError("bad_zip", CUT_OFF)
    if behind:
        said = f"This archive has {behind:,} bytes behind its end, which no exported model has."
        raise BenchError("bad_zip", f"{said} Export the model again, and hand in that file alone.")
    if entries and min(entry.header_offset for entry in entries) > 0:
        # The directory of an archive inside this one: the end of the outer one is missing.
        raise BenchError("bad_zip", CUT_OFF)
    expanded, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if len(entries) > MAX_MEMBERS or expanded > MOST_EXPANDED_BYTES or expanded > MOST_RATIO * max(packed, 4096):
        raise _bomb(f"{len(entries)} members and {expanded:,} bytes unpacked from {packed:,}")
    names = {entry.filename for entry in entries}
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    overlapping = any(start + size > following for (start, size), (following, _) in pairwise(spans))
    if len(names) != len(entries) or overlapping or any(map(_unsafe, entries)):
        said = "This archive has doubled, overlapping, encrypted or escaping members. Export the model again."
        raise BenchError("bad_zip", said)
    return names


def bytes_behind(tail: bytes) -> int:
    """How many bytes of a zip come after the record that ends its directory and after the comment of that record.

    Negative where the comment is cut off; 0 where there is no such record, which zipfile says by itself.
    """
    end = tail.rfind(END)
    if not 0 <= end <= len(tail) - END_BYTES:
        return 0
    return len(tail) - end - END_BYTES - int.from_bytes(tail[end + 20 : end + 22], "little")


def _count(tail: bytes) -> int:
    """How many members a zip says that it has; zipfile does not ask, and the zip reader of PyTorch does."""
    end = tail.rfind(END)
    return int.from_bytes(tail[end + 10 : end + 12], "little")


CUT_OFF = "This archive is damaged or cut off: its directory cannot be read. Export the model again."
BROKEN = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, OverflowError)
ENCRYPTED = 1
DRIVE = re.compile(r"[A-Za-z]:")


def _unsafe(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.replace("\\", "/").split("/")
    link = stat.S_ISLNK(entry.external_attr >> 16)
    return parts[0] == "" or bool(DRIVE.match(parts[0])) or ".." in parts or bool(entry.flag_bits & ENCRYPTED) or link
