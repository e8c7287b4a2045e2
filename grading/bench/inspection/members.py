"""Every member of a PyTorch archive: a call is refused wherever it stands, also where no loader of ours would open it.

A loader goes by names; a later version of it, or another one, goes by other names. So what is called a pickle must be
one, and what could be read as a pickle or as an archive is read as such, whatever it is called.
"""

import pickletools  # lists opcodes, runs none  # nosec B403
import re
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import IO, Any

from grading.bench.errors import BenchError
from grading.bench.formats import bytes_behind
from grading.bench.inspection.pickles import DAMAGED, ENDLESS, MOST_STEPS, check_pickle, shown

MOST_BYTES = 256 << 20
MOST_DEPTH = 1  # sample inputs are an archive of their own
ZIP_HEAD = b"PK\x03\x04"
# Names under which PyTorch looks for a pickle (.pt may be an archive of its own).
PICKLED = (".pkl", "_pkl", ".pickle", ".pt", ".pth")
# Steps that name what is to be called, in two words. A code of copyreg names nothing: nobody has registered one.
NAMING = {"GLOBAL", "INST"}
WORD = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
NO_PICKLE = (ValueError, IndexError, KeyError, OverflowError, UnicodeError)
TRACED = "traced_inputs"


def check_archive(archive: zipfile.ZipFile, depth: int = 0) -> None:
    """Check each member of a torch archive; an archive inside it is opened too.

    Raises:
        BenchError: code_in_pickle, damaged_model, too_large.
        zipfile.BadZipFile and its like (pickles.BROKEN_ZIP), for a member that is not whole.
    """
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    records = {entry.filename: entry.file_size for entry in entries}
    named = [entry for entry in entries if entry.filename.endswith(PICKLED)]
    if depth > MOST_DEPTH or sum(entry.file_size for entry in named) > MOST_BYTES:
        said = "The pickles in this archive are too large, or too deep, to be checked."
        raise BenchError("too_large", f"{said} Save the model again with torch.jit.save or torch.export.save.")
    for entry in entries:
        with archive.open(entry) as member:
            head = member.read(len(ZIP_HEAD))
        if not head:
            continue
        if head == ZIP_HEAD:
            _check_nested(archive, entry, depth)
        elif entry.filename.endswith(PICKLED):
            check_pickle(archive.read(entry), entry.filename, _sizes(records, entry.filename))
        else:
            _check_disguised(archive, entry)


def _check_nested(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> None:
    """An archive in the archive; numbers may begin as one by chance, but then no directory is found."""
    if entry.file_size > MOST_BYTES:
        return  # weights: a directory at their end by chance as well does not happen, and nothing unpickles so much
    data = archive.read(entry)
    try:
        nested = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, *NO_PICKLE) as error:
        if entry.filename.endswith(PICKLED):
            raise BenchError("damaged_model", DAMAGED.format(name=shown(entry.filename))) from error
        return
    with nested:
        check_archive(nested, depth + 1)
    if behind := bytes_behind(data):
        said = f"The member {shown(entry.filename)} of this archive has {behind:,} bytes behind its end."
        raise BenchError("damaged_model", f"{said} Save the model again, and upload it whole.")


def _check_disguised(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """A member that nobody calls a pickle: only if it can be read as one to its end, and names something, is it one.

    One in ten thousand small weights can be read as the steps of a pickle by chance, but then they have no words.
    """
    with archive.open(entry) as member:
        if _names_something(member):
            start = member.tell()
            member.seek(0)
            check_pickle(member.read(start), entry.filename, lambda _: ENDLESS)


def _names_something(member: IO[bytes]) -> bool:
    """Read to the end of what may be several pickles one after another, and stop behind the last that is whole."""
    found, end = False, 0
    try:
        while steps := list(_bounded(pickletools.genops(member))):
            found |= _has_name(steps)
            end = member.tell()
    except NO_PICKLE:
        pass
    member.seek(end)
    return found


def _has_name(steps: list[tuple[str, Any]]) -> bool:
    """Whether these steps name something. Module and name may be the same word, which is then stored once."""
    said = False
    for step, value in steps:
        words = str(value).split(" ")
        if step in NAMING and len(words) == 2 and all(map(WORD.fullmatch, words)):
            return True
        if step == "STACK_GLOBAL" and said:
            return True
        said |= isinstance(value, str) and WORD.fullmatch(value) is not None
    return False


def _bounded(steps: Iterator[Any]) -> Iterator[tuple[str, Any]]:
    for count, (step, value, _) in enumerate(steps):
        if count > MOST_STEPS:
            raise BenchError("too_large", "A member of this archive is too long to be checked. Save the model again.")
        yield step.name, value


def _sizes(records: dict[str, int], name: str) -> Callable[[str], int | None]:
    """Bytes of the record of a storage, which lies beside its pickle; None where there is none."""
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".pkl")

    def size(key: str) -> int | None:
        places = (f"{folder}/{stem}/{key}", f"{folder}/data/{key}", f"{folder}/constants/{key}", f"{folder}/{key}")
        have = next((records[place] for place in places if place in records), None)
        # Of the inputs that a model was traced with, PyTorch itself stores the sizes alone.
        return ENDLESS if stem == TRACED and have == 0 else have

    return size
