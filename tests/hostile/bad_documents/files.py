"""Known bad shapes of PDFs, zips, arrays and pictures."""

import json
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np

from tests.hostile.bad_files.case import Case, calls

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data) if length is None else length)
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )


def png(width: int = 4, height: int = 4, more: bytes = b"") -> bytes:
    rows = zlib.compress((b"\0" + b"\x80" * 3 * 4) * 4)
    return (
        PNG
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + more
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def jpeg(head: bytes = b"", height: int = 4) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, 4, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + head
        + frame
        + b"\xff\xda"
        + struct.pack(">H", 8)
        + b"\x01\x01\x00\x00\x3f\x00"
        + b"\x12" * 20
        + b"\xff\xd9"
    )


def webp() -> bytes:
    body = b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", 3 | 3 << 14) + b"\0" * 5
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pdf(*objects: bytes, root: int = 1, trailer: bytes = b"") -> bytes:
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        made
        + head
        + table
        + b"trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, root, trailer, len(made))
    )


CATALOG, PAGE = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def stream(content: bytes, keys: bytes, length: int | None = None) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (keys, len(content) if length is None else length, content)


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    made = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", how) as archive:
        warnings.simplefilter("ignore")  # a name twice is meant
        for name, content in members:
            entry = zipfile.ZipInfo("placeholder")
            entry.filename, entry.external_attr, entry.compress_type = name, mode << 16, how
            archive.writestr(entry, content)
    return made.getvalue()


def npy(head: str, data: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    raw = head.encode("latin1").ljust(117) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", (len(raw) if length is None else length) & 0xFFFF)
    return b"\x93NUMPY" + bytes([version, 0]) + size + raw + data


def array_bytes() -> bytes:
    made = BytesIO()
    np.save(made, np.arange(24, dtype=np.float32).reshape(2, 12), allow_pickle=False)
    return made.getvalue()


NOTE = ("note.md", b"# Notes\n\n![a](a.png)\n")
SLACK = (("channels.json", b'[{"id": "C1", "name": "general", "members": []}]'), ("users.json", b"[]"),
         ("general/2026-01-01.json", b'[{"type": "message", "user": "U1", "text": "why?", "ts": "1767225600.0"}]'))  # fmt: skip


def good() -> dict[str, tuple[str, bytes]]:
    return {
        "pdf": ("pdf", pdf(CATALOG, PAGES, PAGE)), "zip": ("zip", zipped(NOTE, ("a.png", png()))), "slack": ("zip", zipped(*SLACK)),
        "npy": ("npy", array_bytes()), "png": ("png", png()), "jpeg": ("jpg", jpeg()), "webp": ("webp", webp()),
    }  # fmt: skip


def cases() -> Iterator[Case]:
    for kind, ending, makes in (
        ("pdf", "pdf", _pdfs),
        ("zip", "zip", _zips),
        ("slack", "zip", _exports),
        ("npy", "npy", _arrays),
        ("png", "png", _pictures),
    ):
        for name, content, why in makes():
            yield Case(f"{kind}-{name}.{ending}", content, why, may_run=True)


def _pdfs() -> Iterator[tuple[str, bytes, str]]:
    yield "page-loop", pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "a tree of pages that holds itself"
    yield "parent-loop", pdf(CATALOG, PAGES, b"<</Type/Page/Parent 3 0 R>>"), "a page that is its own parent"
    yield (
        "many-pages",
        pdf(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 2147483647>>", PAGE),
        "two thousand million pages, as it says",
    )
    yield (
        "twins",
        pdf(CATALOG, b"<</Type/Pages/Kids[%s]/Count 9>>" % (b"3 0 R " * 50_000), PAGE),
        "one page fifty thousand times",
    )
    deep = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 3) for number in range(3000)]
    yield "deep-tree", pdf(CATALOG, *deep, PAGE), "a tree three thousand deep"
    yield "no-root", pdf(b"<<>>"), "no catalog"
    yield "root-is-number", pdf(b"17"), "a catalog that is a number"
    yield "prev-loop", pdf(CATALOG, PAGES, PAGE, trailer=b"/Prev 9"), "an earlier table where there is none"
    yield "nested-arrays", pdf(CATALOG, PAGES, PAGE, b"[" * 20_000 + b"]" * 20_000), "arrays twenty thousand deep"
    yield (
        "nested-dicts",
        pdf(b"<</Type/Catalog/Pages 2 0 R/A" + b"<</A" * 5000 + b" 1" + b">>" * 5001, PAGES, PAGE),
        "dictionaries five thousand deep",
    )
    packed = zlib.compress(b"\0" * (64 << 20), 9)
    bomb = stream(packed, b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")
    yield "object-bomb", pdf(CATALOG, PAGES, PAGE, bomb), "64 MiB of zeros in a stream of objects"
    twice = zlib.compress(packed, 9)
    yield (
        "filter-bomb",
        pdf(CATALOG, PAGES, PAGE, stream(twice, b"/Filter[/FlateDecode/FlateDecode]")),
        "zeros packed twice",
    )
    xref = stream(
        zlib.compress(b"\1\0\0\0\0" * 100),
        b"/Type/XRef/Size 999999999/W[1 3 1]/Root 1 0 R/Index[0 999999999]/Filter/FlateDecode",
    )
    yield (
        "xref-size",
        b"%PDF-1.5\n1 0 obj\n" + xref + b"\nendobj\nstartxref\n9\n%%EOF",
        "a table of a thousand million entries",
    )
    yield (
        "xref-width",
        b"%PDF-1.5\n1 0 obj\n" + xref.replace(b"[1 3 1]", b"[9 999999999 1]") + b"\nendobj\nstartxref\n9\n%%EOF",
        "entries as wide as a disk",
    )
    yield "length-lies", pdf(CATALOG, PAGES, PAGE, stream(b"x", b"", 1 << 40)), "a stream longer than the file"
    yield (
        "encrypted",
        pdf(CATALOG, PAGES, PAGE, trailer=b"/Encrypt<</Filter/Standard/V 4/R 4/Length 128/P -4/O()/U()>>"),
        "a lock without a key",
    )
    yield (
        "javascript",
        pdf(b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", PAGES, PAGE),
        "a script at opening",
    )
    yield (
        "launch",
        pdf(b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Launch/F(/bin/sh)>>>>", PAGES, PAGE),
        "a program at opening",
    )
    yield "late-head", b"\0" * 900 + pdf(CATALOG, PAGES, PAGE), "a head behind nine hundred zeros"
    yield "polyglot-zip", pdf(CATALOG, PAGES, PAGE) + zipped(NOTE), "a PDF and a zip"
    yield "polyglot-page", b"<script>alert(1)</script>" + pdf(CATALOG, PAGES, PAGE), "a page and a PDF"


def _zips() -> Iterator[tuple[str, bytes, str]]:
    for word, name in {"up": "../../up.png", "absolute": "/etc/passwd", "drive": "C:\\a.png", "backslash": "..\\..\\a.png", "nul": "a\0.png",
                       "long": "n" * 60_000 + ".png", "rtl": "a\u202egnp.md", "dots": "./././a.png", "empty": ""}.items():  # fmt: skip
        yield f"name-{word}", zipped(NOTE, (name, png())), f"a member named {name[:20]!r}"
    yield "link", zipped(("note.md", b"/etc/passwd"), mode=0o120777), "a note that is a link"
    yield "twice", zipped(NOTE, ("note.md", b"# another")), "one name twice"
    yield "bomb", zipped(NOTE, ("a.png", b"\0" * (64 << 20))), "64 MiB of zeros as a picture"
    yield "bomb-note", zipped(("note.md", b"#" * (64 << 20))), "64 MiB of one letter as the note"
    yield "bomb-in-zip", zipped(NOTE, ("inner.zip", zipped(("b", b"\0" * (32 << 20))))), "a zip in the zip"
    yield "many", zipped(NOTE, *((f"{n}.png", b"") for n in range(20_000))), "twenty thousand files"
    yield "bzip2", zipped(NOTE, how=zipfile.ZIP_BZIP2), "packed in an uncommon way"
    yield "lzma", zipped(NOTE, how=zipfile.ZIP_LZMA), "packed in a way that asks for memory first"
    whole = zipped(NOTE, ("a.png", png()))
    at = whole.index(b"PK\x01\x02")
    yield "says-encrypted", whole[:6] + b"\1" + whole[7 : at + 8] + b"\1" + whole[at + 9 :], "locked, as its flags say"
    yield "says-size", whole[: at + 24] + b"\xff\xff\xff\x7f" + whole[at + 28 :], "two gigabytes, as the directory says"
    end = whole.index(b"PK\x05\x06")
    yield (
        "says-count",
        whole[: end + 8] + b"\xff\xff\xff\xff" + whole[end + 12 :],
        "sixty-five thousand members, as its end says",
    )
    yield (
        "says-directory",
        whole[: end + 12] + b"\xff\xff\xff\x7f" + whole[end + 16 :],
        "a directory larger than the file",
    )
    yield (
        "svg",
        zipped(NOTE, ("a.png", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')),
        "a picture that can carry scripts",
    )


def _exports() -> Iterator[tuple[str, bytes, str]]:
    channels, users, _ = SLACK
    odd = [None, 1, [], {"id": {}}, {"id": "C1", "name": ["x"], "members": "all"}]
    shapes = {
        "deep": b"[" * 100_000 + b"]" * 100_000, "number": b"17", "null": b"null", "text": b'"x"', "not-json": b"{", "nan": b"[NaN]",
        "large-number": b"[1e999999, " + b"9" * 6000 + b"]", "odd-rows": json.dumps(odd).encode(), "utf16": "[]".encode("utf-16"),
    }  # fmt: skip
    for word, content in shapes.items():
        yield f"channels-{word}", zipped(("channels.json", content), users), f"channels that are {word}"
        yield f"day-{word}", zipped(channels, users, ("general/2026-01-01.json", content)), f"a day that is {word}"
    yield (
        "bomb",
        zipped(channels, users, ("general/2026-01-01.json", b"[" + b" " * (170 << 20) + b"]")),
        "a day of 170 MiB of spaces",
    )
    yield (
        "values",
        zipped(channels, users, ("general/2026-01-01.json", b"[" + b"0," * 3_000_000 + b"0]")),
        "three million numbers",
    )


def _arrays() -> Iterator[tuple[str, bytes, str]]:
    said = "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }"
    heads = {
        "huge": said % ("<f4", "False", "1099511627775, 1099511627775"), "negative": said % ("<f4", "False", "-1, 4"),
        "object": said % ("|O", "False", "4,"), "fortran": said % ("<f4", "True", "2, 2"), "call": "__import__('os').system('id')",
        "deep": "(" * 60, "long-number": said % ("<f4", "False", "9" * 60), "void": said % ("|V9999999", "False", "1,"),
        "no-shape": said % ("<f4", "False", ""), "nul": "\0" * 100,
    }  # fmt: skip
    for word, head in heads.items():
        yield f"head-{word}", npy(head, b"\0" * 64), f"a head that says {word}"
    yield "version-9", npy(said % ("<f4", "False", "4,"), b"\0" * 16, version=9), "a version that is not there"
    yield "head-length", npy("{}", length=0xFFFF), "a head longer than the file"
    yield "nan", array_bytes()[:-4] + b"\0\0\xc0\x7f", "a value that is none"
    yield "pickle", pickle.dumps({"a": 1}), "a pickle"
    yield "pickle-call", calls()["reduce"], "a pickle that would run a shell"
    made = BytesIO()
    np.savez_compressed(made, a=np.zeros(1 << 20))
    yield "npz", made.getvalue(), "several arrays in a zip"


def _pictures() -> Iterator[tuple[str, bytes, str]]:
    yield "svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"
    yield (
        "entities",
        b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>',
        "XML with entities",
    )
    yield "gif", b"GIF89a" + b"\0" * 20, "another format"
    for word, sides in {
        "wide": (1 << 30, 4),
        "no-side": (0, 0),
        "all": (0xFFFFFFFF, 0xFFFFFFFF),
        "pixels": (11_000, 11_000),
    }.items():
        yield f"{word}", png(*sides), f"{sides} pixels, as it says"
    yield (
        "chunk-length",
        PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) + chunk(b"tEXt", b"x", 0xFFFFFFF0),
        "a chunk larger than the file",
    )
    yield "text-bomb", png(more=chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * (32 << 20)))), "32 MiB of text"
    yield "no-chunks", PNG, "a mark and nothing else"
    yield "script-behind", png() + b"<script>alert(1)</script>", "a page behind the picture"
    yield "zip-behind", png() + zipped(NOTE), "a zip behind the picture"
    yield "jpeg-no-frame", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 5000, "a JPEG of marks alone"
    yield "jpeg-zero-segments", b"\xff\xd8" + b"\xff\xe1\x00\x00" * 5000, "segments that are nothing long"
    yield "jpeg-fill", b"\xff\xd8" + b"\xff" * 3_000_000, "three million fill bytes"
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + b"\xff\xff" + b"\1\x12\0\3\0\0\0\1\0\6\0\0" * 3
    yield (
        "jpeg-exif-count",
        jpeg(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif),
        "a directory longer than its segment",
    )
    loop = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x08"
    yield (
        "jpeg-exif-loop",
        jpeg(b"\xff\xe1" + struct.pack(">H", len(loop) + 2) + loop),
        "a directory that leads to itself",
    )
    yield (
        "webp-size",
        b"RIFF\xff\xff\xff\xffWEBPVP8X" + struct.pack("<I", 10) + b"\xff" * 10,
        "a WebP larger than a disk",
    )
    yield "webp-zero-chunks", b"RIFF\0\0\0\0WEBP" + b"ABCD\0\0\0\0" * 50_000, "fifty thousand empty chunks"
