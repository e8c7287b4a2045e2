"""The one file in which the models of a pipeline come: a zip with a model for each stage, called by the stage's key.

`check` reads the directory of the zip only and is safe in the web process. `unpack` writes the members below a folder, and believes
nothing that the directory says of their sizes.
"""

import errno
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from grading.bench.errors import BenchError
from grading.bench.files import file_size
from grading.bench.formats import BROKEN, ENDINGS, check_zip

STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
CHUNK = 1 << 20
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What a file manager adds by itself.
ADDED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def check(path: Path, keys: Sequence[str], formats: Sequence[str], most_bytes: int) -> dict[str, str]:
    """What of the zip is the model of which stage: key -> name of the member.

    Args:
        keys: of the stages, in their order. formats: that the lab takes. most_bytes: of all members together, unpacked.

    Raises:
        BenchError: codes empty_file, not_a_zip, bad_zip, zip_bomb, in_a_folder, unknown_stage, wrong_extension, stage_twice,
            stage_missing, too_large.
    """
    expected = f"The lab takes one .zip with a model for each stage: {_names(keys, formats)}."
    if file_size(path) == 0:
        raise BenchError("empty_file", f"This file is empty. {expected}")
    with path.open("rb") as file:
        if file.read(4) not in ZIP_MAGIC:
            raise BenchError("not_a_zip", f"This is no zip archive. {expected}")
    try:
        check_zip(path)
    except BenchError as error:
        raise _said_of_a_zip(error) from error
    members = [one for one in _directory(path) if not _is_added(one.filename)]
    found: dict[str, str] = {}
    for member in members:
        found |= _placed(member, keys, formats, expected, found)
    if missing := [key for key in keys if key not in found]:
        what = "The stages" if len(missing) > 1 else "The stage"
        raise BenchError(
            "stage_missing", f"{what} {_listed(missing)} {'are' if len(missing) > 1 else 'is'} missing. {expected}"
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes:
        said = f"Unpacked, the models have {unpacked:,} bytes; the lab takes at most {most_bytes:,} together."
        raise BenchError("too_large", f"{said} Quantize or prune one of them, and zip them again.")
    return {key: found[key] for key in keys}


def _placed(
    member: zipfile.ZipInfo, keys: Sequence[str], formats: Sequence[str], expected: str, found: Mapping[str, str]
) -> dict[str, str]:
    name = member.filename
    shown = name[:80]
    if member.is_dir() or "/" in name or "\\" in name:
        raise BenchError(
            "in_a_folder", f"{shown} lies in a folder. Zip the models themselves, without a folder around them."
        )
    if member.compress_type not in STORED:
        raise BenchError(
            "bad_zip", f"{shown} is packed in a way that is not read here. Zip it with the usual method (deflate)."
        )
    key, _, ending = name.lower().rpartition(".")
    if key not in keys:
        raise BenchError("unknown_stage", f"{shown} is the model of no stage. {expected}")
    if ENDINGS.get(ending) not in formats:
        raise BenchError("wrong_extension", f"{shown} does not end as a model of this lab does. {expected}")
    if key in found:
        raise BenchError(
            "stage_twice", f"There are two models of the stage {key}: {found[key][:80]} and {shown}. Leave one out."
        )
    return {key: name}


def unpack(path: Path, members: Mapping[str, str], folder: Path, most_bytes: int) -> dict[str, Path]:
    """Write each stage's model to `folder` under a name of ours: key -> path.

    Raises:
        BenchError: code bad_zip where a member is not what the directory says, too_large where it has more bytes than are taken.
    """
    written: dict[str, Path] = {}
    left = most_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for key, name in members.items():
                target = folder / f"{key}.{name.rpartition('.')[2].lower()}"
                left -= _write(archive, name, target, left)
                written[key] = target
    except (*BROKEN, zlib.error, EOFError) as error:
        # EINVAL is a place before the beginning, which only a directory that lies can name; the others are our disk.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise BenchError(
                "file_unreadable", f"The archive cannot be unpacked: {error.strerror}.", outcome="infrastructure"
            ) from error
        raise BenchError("bad_zip", f"{DAMAGED} Zip the models again.") from error
    return written


def _write(archive: zipfile.ZipFile, name: str, target: Path, most_bytes: int) -> int:
    size = 0
    with archive.open(name) as source, target.open("xb") as file:
        while block := source.read(CHUNK):
            size += len(block)
            if size > most_bytes:
                raise BenchError("too_large", f"{name[:80]} has more bytes than the lab takes. Make the model smaller.")
            file.write(block)
    return size


DAMAGED = "This archive is damaged or cut off."


def _said_of_a_zip(error: BenchError) -> BenchError:
    """The sentences of formats.py are about a model that is itself a zip."""
    words = {
        "zip_bomb": "This archive unpacks to far more than it is. Zip the models themselves, and nothing else.",
        "bad_zip": f"{DAMAGED} Or it holds doubled, encrypted or escaping names. Zip the models again, without a password.",
    }
    return BenchError(error.code, words.get(error.code, error.message), outcome=error.outcome)


def _directory(path: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def _is_added(name: str) -> bool:
    return name.startswith(ADDED[0]) or name in ADDED


def _names(keys: Sequence[str], formats: Sequence[str]) -> str:
    """detect and landmarks, each as .onnx or .tflite"""
    endings = [f".{ending}" for ending, found in ENDINGS.items() if found in formats]
    return f"{_listed(keys)}, each as {' or '.join(endings)}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
