"""Zip archives that lie, for both PyTorch formats: names, directories, sizes, and what is packed in them."""

import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO

from tests.hostile.bad_files.archive import Members, torch_export, torchscript, zipped
from tests.hostile.bad_files.case import MARKER, Case, calls

FORMATS = {"pt": torchscript, "pt2": torch_export}
NAMES = {"absolute": "/etc/passwd", "up": "../../up", "inside-up": "m/../../up", "backslash": "m\\..\\..\\up", "drive": "C:\\up", "nul": "m/a\0b", "empty": "",
         "marker": f"/dev/shm/{MARKER}", "long": "m/" + "n" * 60_000, "folder": "m/folder/",
         "dot": "m/./data.pkl", "rtl": "m/\u202egpj.exe", "root": "n/data.pkl"}  # fmt: skip


def cases() -> Iterator[Case]:
    for ending, make in FORMATS.items():
        for name, content, why, may_run in (*_members(make()), *_packed(make()), *_directories(zipped(make()))):
            yield Case(f"zip-{name}.{ending}", content, why, may_run=may_run)


def _members(honest: Members) -> Iterator[tuple[str, bytes, str, bool]]:
    for word, name in NAMES.items():
        harmless = word in {"folder", "long", "dot", "rtl", "empty", "nul", "root"}
        yield f"name-{word}", _written([*honest.items(), (name, b"x")]), f"a member named {name[:20]!r}", harmless
    first = next(iter(honest))
    yield (
        "name-twice",
        _written([*honest.items(), (first, calls()["reduce"])]),
        "one name twice, the second a call",
        False,
    )
    link = BytesIO()
    with zipfile.ZipFile(link, "w") as archive:
        for name, content in honest.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 << 16) if name == first else 0
            archive.writestr(entry, b"/etc/passwd" if name == first else content)
    yield "link", link.getvalue(), "a member that is a link to /etc/passwd", False
    yield "many", _written([*honest.items(), *((f"m/extra/{i}", b"") for i in range(20_000))]), "20,000 members", False


def _written(members: list[tuple[str, bytes]]) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there already: that is meant
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, content in members:
                entry = zipfile.ZipInfo("placeholder")
                entry.filename = name
                archive.writestr(entry, content)
        return made.getvalue()


def _packed(honest: Members) -> Iterator[tuple[str, bytes, str, bool]]:
    yield "deflated", zipped(honest, zipfile.ZIP_DEFLATED), "compressed members", True
    yield "bzip2", zipped(honest, zipfile.ZIP_BZIP2), "members compressed as torch never does", True
    yield "lzma", zipped(honest, zipfile.ZIP_LZMA), "members compressed as torch never does", True
    yield (
        "bomb",
        zipped({**honest, "m/extra/bomb": bytes(100_000_000)}, zipfile.ZIP_DEFLATED),
        "100 MB in 100 KB",
        False,
    )
    yield "junk-before", b"MZ junk" * 100 + zipped(honest), "junk before the archive", False
    yield "junk-between", _junk_between(zipped(honest)), "junk between the members and the directory", True


def _junk_between(whole: bytes) -> bytes:
    end = whole.rindex(b"PK\5\6")
    start = struct.unpack_from("<L", whole, end + 16)[0]
    moved = bytearray(whole[:start] + b"junk" * 200 + whole[start:])
    struct.pack_into("<L", moved, end + 800 + 16, start + 800)
    return bytes(moved)


def _directories(whole: bytes) -> Iterator[tuple[str, bytes, str, bool]]:
    end = whole.rindex(b"PK\5\6")
    entry = struct.unpack_from("<L", whole, end + 16)[0]
    # (name, where, format, value): offsets are those of APPNOTE.TXT 4.3.12 and 4.3.16.
    edits = (
        ("encrypted", entry + 8, "<H", 1, "a member said to be encrypted"), ("method", entry + 10, "<H", 77, "a compression that does not exist"),
        ("crc", entry + 16, "<L", 0xDEADBEEF, "a wrong check sum"), ("size-large", entry + 24, "<L", 0xFFFFFFF0, "a member of 4 GiB"),
        ("packed-large", entry + 20, "<L", 0xFFFFFFF0, "a member of 4 GiB packed"), ("size-small", entry + 24, "<L", 1, "a member of one byte"),
        ("offset", entry + 42, "<L", 0xFFFFFF00, "a member behind the end"), ("offset-directory", entry + 42, "<L", entry, "a member in the directory"),
        ("name-length", entry + 28, "<H", 0xFFFF, "a name of 64 KB"), ("zip64", entry + 24, "<L", 0xFFFFFFFF, "a 64-bit size that is not there"),
        ("count", end + 10, "<H", 0xFFFF, "more members than there are"), ("count-zero", end + 10, "<H", 0, "no members"),
        ("directory-size", end + 12, "<L", 0x7FFFFFFF, "a directory of 2 GB"), ("directory-offset", end + 16, "<L", 0x7FFFFFFF, "a directory behind the end"),
        ("disk", end + 4, "<H", 9, "a part of nine disks"), ("comment", end + 20, "<H", 0xFFFF,
        "a comment of 64 KB"), ("local-name", 30, "<B", 0x5A, "another name in the header"),
        ("local-size", 22, "<L", 0x7FFFFFFF, "another size in the header"),
    )  # fmt: skip
    for name, place, form, value, why in edits:
        content = bytearray(whole)
        struct.pack_into(form, content, place, value)
        yield (
            f"says-{name}",
            bytes(content),
            why,
            name in {"crc", "disk", "count", "comment", "local-size", "local-name", "size-small"},
        )
    second = entry + 46 + struct.unpack_from("<H", whole, entry + 28)[0]
    overlap = bytearray(whole)
    overlap[second + 42 : second + 46] = overlap[entry + 42 : entry + 46]
    yield "overlap", bytes(overlap), "two members in one place", False
    yield "empty", b"PK\5\6" + bytes(18), "an archive without members", False
    yield "twice", whole + whole, "two archives, one behind the other", False
