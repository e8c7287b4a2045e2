"""Known bad shapes of tables, YAML and Markdown."""

from collections.abc import Iterator

from tests.hostile.bad_files.case import Case

ROSTER = b'Student,ID,SIS Login ID,Section\r\n"Adeyemi, Ruth",1,ruth@example.edu,A\r\n"Park, Daniel",2,daniel@example.edu,A\r\n'
CANVAS = b'Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (77)\r\n    Points Possible,,,,,10\r\n"Adeyemi, Ruth",1,u1,ruth,A,9\r\n'
STOCK = b"tag,product,serial,state\r\nJN-01,Jetson Nano,S1,ready\r\nJN-02,Jetson Nano,S2,ready\r\n"
METER = b"time (s),current (mA)\n0,100\n1,110\n2,120\n3,110\n"
COURSE = b"version: 1\nslug: x\ntitle: A course\nsessions:\n  - on: 2026-01-01\n    title: One\n"
PROFILE = b"name: A board\nboard: x\npeaks: {fp32_gflops: 1}\nsources: {}\n"
NOTE = b"# Notes\n\nText with $x^2$ and `code`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![a](a.png)\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def good() -> dict[str, tuple[str, bytes]]:
    return {
        "roster": ("csv", ROSTER), "canvas": ("csv", CANVAS), "stock": ("csv", STOCK), "meter": ("csv", METER),
        "course": ("yaml", COURSE), "profile": ("yaml", PROFILE), "note": ("md", NOTE),
    }  # fmt: skip


def cases() -> Iterator[Case]:
    for kind, whole in (("roster", ROSTER), ("canvas", CANVAS), ("stock", STOCK), ("meter", METER)):
        for name, content, why in _tables(whole):
            yield Case(f"{kind}-{name}.csv", content, why, may_run=True)
    for kind, whole in (("course", COURSE), ("profile", PROFILE)):
        for name, content, why in _yaml(whole):
            yield Case(f"{kind}-{name}.yaml", content, why, may_run=True)
    for name, content, why in _notes():
        yield Case(f"note-{name}.md", content, why, may_run=True)


def _tables(whole: bytes) -> Iterator[tuple[str, bytes, str]]:
    head, rest = whole.split(b"\n", 1)
    yield "nul", whole.replace(b"1", b"\0"), "NUL in the cells"
    yield "utf16", whole.decode().encode("utf-16"), "UTF-16"
    yield "not-utf8", whole.replace(b"a", b"\xff\xfe\x80"), "bytes of no text"
    yield "open-quote", head + b'\n"' + rest.replace(b'"', b"") * 2000, "a quote that never ends"
    yield "quotes", head + b"\n" + b'"' * 500_001, "half a million quotes"
    yield "long-cell", head + b"\n" + b"x" * 1_500_000, "a cell of 1.5 MB"
    yield "wide", head + b"," * 50_000 + b"\n" + rest, "fifty thousand columns"
    yield "many", head + b"\n" + rest * 40_000, "tens of thousands of rows"
    yield "formulas", whole.replace(b"Ruth", b'=cmd|"/C calc"!A1').replace(b"ready", b"@SUM(1)"), "formulas in cells"
    yield "surrogates", whole + b"\xed\xa0\x80,x,y\n", "half a character"
    yield "html", b"<table>" + b"<tr><td>x</td>" * 20_000, "a table in HTML that never ends"
    yield "html-deep", b"<table>" + b"<table><tr><td>" * 5000, "tables in tables"
    yield "xlsx", b"PK\x03\x04" + b"\0" * 200, "an Excel file under another name"
    yield "returns", b"\r" * 200_000, "line ends alone"
    yield "numbers", head + b"\n" + (b"9" * 5000 + b"," + b"1e99999,-0,NaN,inf\n") * 20, "numbers beyond all numbers"


def _yaml(whole: bytes) -> Iterator[tuple[str, bytes, str]]:
    yield "laughs", LAUGHS.encode(), "names that stand for names, a thousand million in the end"
    yield "anchor-loop", b"a: &a [*a]\n", "a list that holds itself"
    yield "merge-loop", b"a: &a {<<: *a}\n", "a mapping that is merged into itself"
    yield "python", b"title: !!python/object/apply:os.system ['id']\n", "a call"
    yield "binary", b"title: !!binary aGk=\n", "a type of its own"
    yield "deep", b"[" * 20_000, "lists twenty thousand deep"
    yield "deep-blocks", b"".join(b" " * n + b"a:\n" for n in range(900)), "mappings nine hundred deep"
    yield "wide", b"".join(b"k%d: 1\n" % n for n in range(30_000)), "thirty thousand keys"
    yield "twice", whole + whole, "every key twice"
    yield "two-documents", whole + b"---\n" + whole, "two documents"
    yield "odd-keys", b"? [a, b]\n: 1\n? {x: 1}\n: 2\n~: 3\n", "keys that are no words"
    yield "numbers", b"version: " + b"9" * 6000 + b"\nslug: 1e99999\ntitle: .nan\n", "numbers beyond all numbers"
    yield "base-60", b"version: " + b":".join([b"59"] * 2000) + b"\n", "a number of base 60 with two thousand places"
    yield "nul", whole.replace(b"A ", b"\0 "), "NUL"
    yield "not-utf8", whole + b"x: \xff\xfe\n", "bytes of no text"
    yield "tabs", whole.replace(b"  ", b"\t"), "tabs"
    yield "long-line", b"title: " + b"x" * 900_000 + b"\n", "a line of 900 kB"
    yield "tag", b"%TAG ! tag:x,2026:\n--- !a\n", "a tag of its own"


def _notes() -> Iterator[tuple[str, bytes, str]]:
    yield "script", b"<script>alert(1)</script><img src=x onerror=alert(1)>", "HTML"
    yield (
        "links",
        b"[a](javascript:alert(1)) [b](data:text/html,x) ![c](javascript:1) <javascript:alert(1)>",
        "links that would run",
    )
    yield "quotes-deep", b">" * 20_000, "quotes twenty thousand deep"
    yield "lists-deep", b"".join(b" " * (2 * n) + b"- x\n" for n in range(500)), "lists five hundred deep"
    yield "brackets", b"[" * 40_000, "brackets that never close"
    yield "stars", b"*a_" * 30_000, "emphasis that never ends"
    yield "ticks", b"`" * 30_001 + b"x", "ticks of every length"
    yield "ticks-rising", b" ".join(b"`" * n for n in range(300)), "ticks of every length, one after the other"
    yield (
        "table",
        b"|a" * 5000 + b"|\n" + b"|-" * 5000 + b"|\n" + (b"|x" * 50 + b"|\n") * 200,
        "a table of five thousand columns",
    )
    yield "maths-deep", b"$" + b"{" * 3000 + b"}" * 3000 + b"$", "braces three thousand deep"
    yield "maths-macro", b"$\\def\\a{\\a\\a}\\a$ $\\newcommand{\\x}{\\x}\\x$", "a word that stands for itself twice"
    yield "references", b"".join(b"[a%d]: /x\n" % n for n in range(8000)) + b"[a1]" * 8000, "eight thousand references"
    yield "entities", b"&#x110000; &#0; &bogus; " * 3000, "characters that are none"
    yield "nul", b"# a\0b\n", "NUL"
    yield "controls", bytes(range(1, 32)) * 500, "control characters"
