"""The parts of which a piece of work is handed in, as the course file and the pages say them. Pure: no database, no Django.

Two parts stand in no list: where an assignment is benchmarked, the model (unless a family of models stands `alone`), and where it says
`statement: true`, the collaboration statement. `parts_of` adds them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

KINDS = {
    # kind: what it is called; which keys it has beside key, kind, title, note and required
    "pdf": ("a PDF", ("pages", "max_mb")),
    "models": ("several models", ("least", "most", "vary", "sizes", "alone")),
    "table": ("a table", ("columns", "rows")),
    "link": ("a link", ("hosts",)),
    "text": ("a text", ("letters",)),
    "file": ("a file", ("endings", "max_mb")),
    "contributions": ("who did what", ()),
}
MODEL, STATEMENT = "model", "statement"
FILES = frozenset({"pdf", "models", "file"})  # what arrives as a file; the model of an attempt is apart
RESERVED = frozenset({MODEL, STATEMENT})
MOST_PDF_MB, MOST_FILE_MB, MOST_LETTERS, MOST_ROWS = 20, 100, 20_000, 200
MOST_MODELS = 40


@dataclass(frozen=True)
class Part:
    """One thing that is handed in. What a kind does not have stays at its default.

    Attributes:
        key: its name in the record; never reused for something else. is_required: without it the hand-in is incomplete.
        pages: most pages of a PDF; 0: any number. max_bytes: largest file. endings: of a file's name, lower case with the dot.
        columns: heads of a table; empty: any. rows: fewest rows of a table. hosts: of a link; empty: any. letters: most of a text.
        least, most: how many models a family has. vary: the names of what varies in it (depth, width). sizes: side lengths of the
        input in pixels that a variant may have, beside that of the benchmark. is_alone: no single model is handed in beside the family.
    """

    key: str
    kind: str
    title: str
    note: str = ""
    is_required: bool = True
    pages: int = 0
    max_bytes: int = MOST_PDF_MB << 20
    endings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: int = 1
    hosts: tuple[str, ...] = ()
    letters: int = MOST_LETTERS
    least: int = 2
    most: int = MOST_MODELS
    vary: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    is_alone: bool = False

    @property
    def is_file(self) -> bool:
        return self.kind in FILES

    @property
    def is_model(self) -> bool:
        """The one model of an attempt, which is measured for points."""
        return self.kind == MODEL


THE_MODEL = Part(MODEL, MODEL, "Model")
THE_STATEMENT = Part(
    STATEMENT,
    STATEMENT,
    "Collaboration statement",
    "One sentence: with whom you talked about this work, or nobody. Nothing can be handed in without it; a file that you send first is kept.",
    letters=2000,
)


def parts_of(raw: Iterable[Mapping[str, Any]], *, is_benchmarked: bool, needs_statement: bool) -> tuple[Part, ...]:
    """All parts in the order of the page: as listed, then the statement, then the model."""
    said = [part_of(one) for one in raw]
    said += [THE_STATEMENT] if needs_statement else []
    return tuple(said + ([THE_MODEL] if is_benchmarked and not any(part.is_alone for part in said) else []))


def part_of(raw: Mapping[str, Any]) -> Part:
    """One part as it was stored; the course file and the form have checked it."""
    usual_mb = MOST_FILE_MB if raw["kind"] == "file" else MOST_PDF_MB
    return Part(
        raw["key"], raw["kind"], raw["title"], raw.get("note", ""), raw.get("required", True),
        pages=raw.get("pages", 0), max_bytes=int(raw.get("max_mb", usual_mb) * (1 << 20)),
        endings=tuple(raw.get("endings", ())), columns=tuple(raw.get("columns", ())), rows=raw.get("rows", 1),
        hosts=tuple(raw.get("hosts", ())), letters=raw.get("letters", MOST_LETTERS), least=raw.get("least", 2),
        most=raw.get("most", MOST_MODELS), vary=tuple(raw.get("vary", ())), sizes=tuple(raw.get("sizes", ())),
        is_alone=raw.get("alone", False),
    )  # fmt: skip


class Wrong(NamedTuple):
    """Which part of the list, a code and a sentence."""

    part: int
    code: str
    sentence: str


def wrong_with(raw: Iterable[Mapping[str, Any]], *, is_benchmarked: bool) -> list[Wrong]:
    """What a schema cannot say: keys that stand twice or belong to another kind, a family without a
    benchmark."""
    found, seen = list[Wrong](), set[str]()
    families = 0
    for n, one in enumerate(raw):
        key, kind = one["key"], one["kind"]
        if key in RESERVED:
            found.append(Wrong(n, "reserved_part", f"The part {key} is there by itself; give this one another key."))
        if key in seen:
            found.append(Wrong(n, "twice", f"The part {key} stands twice."))
        seen.add(key)
        families += kind == "models"
        if kind == "models" and not is_benchmarked:
            said = f"The part {key} asks for models, and nothing says how they are measured. Add `bench`."
            found.append(Wrong(n, "nothing_measures", said))
        if kind == "models" and families > 1:
            found.append(Wrong(n, "twice", "A piece of work has one family of models at most."))
        known = KINDS[kind][1]
        foreign = [name for name in one if name not in (*known, "key", "kind", "title", "note", "required")]
        if foreign:
            has = f"it has {', '.join(known)}" if known else "it has none of its own"
            said = f"The part {key} is {KINDS[kind][0]}, which has no key {', '.join(foreign)}; {has}."
            found.append(Wrong(n, "foreign_key", said))
        if kind == "file" and not one.get("endings"):
            found.append(
                Wrong(n, "missing_key", f"The part {key} does not say which endings its file may have: endings.")
            )
        if one.get("least", 2) > one.get("most", MOST_MODELS):
            found.append(Wrong(n, "ends_before_it_begins", f"The part {key} asks for more models than it takes."))
    return found
