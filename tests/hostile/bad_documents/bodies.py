"""Known bad shapes of JSON as programs send it."""

import json
from collections.abc import Iterator

from tests.hostile.bad_files.case import Case

READING = {"at": "2026-01-01T10:00:00+00:00", "label": "A run", "used_mah": "420"}
WHOLE = json.dumps(READING).encode()
WRONG = {
    "list": [READING], "word": "x", "number": 7, "nothing": None, "bare": {}, "label-object": READING | {"label": {"x": 1}},
    "label-list": READING | {"label": ["x"] * 1000}, "label-long": READING | {"label": "x" * 60_000}, "label-controls": READING | {"label": "a\x01\x7f\u202e"},
    "label-script": READING | {"label": "<script>alert(1)</script>"}, "at-far": READING | {"at": "9999-12-31T23:59:59-23:59"},
    "at-first": READING | {"at": "0001-01-01T00:00:00+14:00"}, "at-number": READING | {"at": 10**30}, "mah-huge": READING | {"used_mah": "1e400"},
    "mah-minus": READING | {"used_mah": "-1"}, "mah-words": READING | {"used_mah": "NaN"}, "mah-digits": READING | {"used_mah": "9" * 5000},
    "mah-arabic": READING | {"used_mah": "\u0664\u0662"}, "key-no-uuid": READING | {"entry_key": "../etc"}, "key-number": READING | {"entry_key": 7},
    "proto": READING | {"__proto__": {"x": 1}}, "fields": READING | {f"k{n}": n for n in range(3000)},
    "code-wrong": {"code": "ABCD-EFGH", "name": "x", "protocol": 1}, "code-object": {"code": {"$ne": ""}, "protocol": 1},
}  # fmt: skip


def good() -> dict[str, tuple[str, bytes]]:
    return {"json": ("json", WHOLE)}


def cases() -> Iterator[Case]:
    for name, value in WRONG.items():
        yield Case(f"json-{name}.json", json.dumps(value).encode(), "JSON that is no reading", may_run=True)
    for name, content, why in _odd():
        yield Case(f"json-{name}.json", content, why, may_run=True)


def _odd() -> Iterator[tuple[str, bytes, str]]:
    yield "deep-lists", b"[" * 20_000 + b"]" * 20_000, "lists twenty thousand deep"
    yield "deep-objects", b'{"a":' * 5000 + b"1" + b"}" * 5000, "objects five thousand deep"
    yield "deep-open", b'{"a":[' * 10_000, "objects that never end"
    yield "large", b'{"label": "' + b"x" * 3_000_000 + b'"}', "3 MB"
    yield "nan", b'{"used_mah": NaN}', "NaN"
    yield "infinity", b'{"used_mah": -Infinity}', "infinity"
    yield "exponent", b'{"used_mah": 1e999999999}', "a number beyond all numbers"
    yield "digits", b'{"used_mah": ' + b"9" * 60_000 + b"}", "a number of sixty thousand digits"
    yield "twice", b'{"label": "a", "label": "b"}', "a key twice"
    yield "nul", b'{"label": "a\\u0000b"}', "NUL"
    yield "half", b'{"label": "\\ud800"}', "half a character"
    yield "bom", b"\xef\xbb\xbf" + WHOLE, "a byte order mark"
    yield "utf16", WHOLE.decode().encode("utf-16"), "UTF-16"
    yield "utf32", WHOLE.decode().encode("utf-32"), "UTF-32"
    yield "not-utf8", WHOLE.replace(b"A run", b"\xff\xfe\x80"), "bytes of no text"
    yield "comment", b"/* x */" + WHOLE, "a comment"
    yield "tail", WHOLE + b"\n" + WHOLE, "two documents"
    yield "quotes", WHOLE.replace(b'"', b"'"), "other quotes"
    yield "form", b"label=A+run&used_mah=420", "a form under another name"
