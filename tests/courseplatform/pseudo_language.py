"""A language that nobody speaks: every marked text between ⟦ and ⟧, half as long again. It is made from the catalogue, as a translator's would be."""

import ast
import re
import struct
from pathlib import Path

POT = Path(__file__).resolve().parents[2] / "courseplatform/locale/django.pot"
ENTRY = re.compile(r'^(?:msgid|msgid_plural) ((?:".*"\n)+)', re.M)
HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def lengthened(text):
    return f"⟦{text}{'·' * (len(text) * 2 // 5)}⟧"


def entries(pot=POT):
    """(msgid, msgid_plural or None) of each entry but the header."""
    found = []
    for block in pot.read_text().split("\n\n"):
        said = ["".join(ast.literal_eval(line) for line in one.splitlines()) for one in ENTRY.findall(block + "\n")]
        if said and said[0]:
            found.append((said[0], said[1] if len(said) > 1 else None))
    return found


def write_mo(path):
    """A compiled catalogue, as msgfmt writes it: offsets of the sorted texts, then the texts."""
    pairs = {"": HEADER}
    for one, many in entries():
        key = one if many is None else f"{one}\0{many}"
        pairs[key] = lengthened(one) if many is None else f"{lengthened(one)}\0{lengthened(many)}"
    keys = sorted(pairs, key=str.encode)
    ids, texts = ([key.encode() for key in keys], [pairs[key].encode() for key in keys])
    start = 28 + 16 * len(keys)
    tables, blob = b"", b""
    for column in (ids, texts):
        for one in column:
            tables += struct.pack("<II", len(one), start + len(blob))
            blob += one + b"\0"
    path.parent.mkdir(parents=True)
    path.write_bytes(struct.pack("<IIIIIII", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0) + tables + blob)
