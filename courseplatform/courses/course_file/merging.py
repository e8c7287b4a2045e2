"""Three ways to read a course: the file of last time, the course as it is now, and the file that comes.

Where the course differs from the file of last time, somebody changed it on a page. Where the file that comes says something else there,
it would overwrite that edit. Entries of lists are matched as `difference.py` does, so an edit has the address that its lines show.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from courseplatform.courses.course_file.difference import MOST_SHOWN, kept_names, named, shortened

LEAD = 20  # letters of a long text before the place where two of them part
LABELS = ("short", "title", "name", "what", "who", "label", "text", "device", "slug", "key")


class _Nothing(Enum):
    """What is not there: `None` is a value of the file (`cap: null`)."""

    GONE = "gone"


GONE = _Nothing.GONE


@dataclass(frozen=True)
class Edit:
    """Something changed on a page that a file would overwrite.

    key: its address, `sessions[2023-10-05 Pruning].place`; part, entry: the parts of it that say which row it is of. where: the same in
    words. before, held, wanted: what the file of last time said, what the course holds, and what the file that comes says; empty for
    nothing. is_new_in_file: the file says something else than last time, so both were changed.
    """

    key: str
    part: str
    entry: str
    where: str
    before: str
    held: str
    wanted: str
    is_new_in_file: bool


@dataclass(frozen=True)
class Merged:
    """tree: the file that comes, with the edits that are kept. edits: all that it would overwrite, kept or not."""

    tree: dict[str, Any]
    edits: list[Edit]


@dataclass(frozen=True)
class _Place:
    """Where the comparison is: the address, and the same in words. entry: the name of the entry around it in the list of a part."""

    key: str = ""
    words: tuple[str, ...] = ()
    entry: str = ""

    def under(self, name: str) -> "_Place":
        return _Place(f"{self.key}.{name}" if self.key else name, (*self.words, name.replace("_", " ")), self.entry)

    def at(self, name: str, label: str) -> "_Place":
        return _Place(f"{self.key}[{name}]", (*self.words, label), self.entry or name)


def merge(base: dict[str, Any], held: dict[str, Any], wanted: dict[str, Any], keep: Collection[str] = ()) -> Merged:
    """`wanted`, in which each edit whose key is in `keep` stays as `held` has it.

    base: what the file of last time said; empty where none was taken, so that everything held counts as an edit.
    """
    merger = _Merger(frozenset(keep))
    return Merged(merger.mapping(_Place(), base, held, wanted), merger.edits)


@dataclass
class _Merger:
    keep: frozenset[str]
    edits: list[Edit] = field(default_factory=list)

    def value(self, place: _Place, base: Any, held: Any, wanted: Any) -> Any:
        if held == wanted:
            return wanted
        if isinstance(held, dict) and isinstance(wanted, dict):
            return self.mapping(place, base, held, wanted)
        if _is_rows(held) and _is_rows(wanted):
            return self.rows(place, base if isinstance(base, list) else [], _list(held), _list(wanted)) or GONE
        return self.one(place, base, held, wanted)

    def one(self, place: _Place, base: Any, held: Any, wanted: Any) -> Any:
        """A value that is taken as a whole."""
        if held == base:
            return wanted  # nobody touched it on a page
        self.edits.append(
            Edit(
                place.key, place.words[0].replace(" ", "_"), place.entry, _in_words(place.words), _short(base, held), _short(held, wanted),
                _short(wanted, held), is_new_in_file=base != wanted,
            )
        )  # fmt: skip
        return held if place.key in self.keep else wanted

    def mapping(self, place: _Place, base: Any, held: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
        before = base if isinstance(base, dict) else {}
        found = {}
        for key in [*wanted, *(key for key in held if key not in wanted)]:
            value = self.value(place.under(key), before.get(key, GONE), held.get(key, GONE), wanted.get(key, GONE))
            if value is not GONE:
                found[key] = value
        return found

    def rows(self, place: _Place, base: list[Any], held: list[Any], wanted: list[Any]) -> list[Any]:
        """Entry by entry, in the order of the file; one that is kept against it stands behind the one that it stood behind."""
        before, now, then = named(base), named(held), named(wanted)
        of_wanted, of_held = kept_names(now, then, place.key), kept_names(before, now, place.key)
        of_new = kept_names(before, then, place.key)
        found: dict[str, Any] = {}
        for name, item in then.items():
            mine = of_wanted.get(name, name)
            old = of_held.get(mine, mine) if mine in now else of_new.get(name, name)
            at = place.at(mine, _label(now.get(mine, item)))
            found[mine] = self.value(at, before.get(old, GONE), now.get(mine, GONE), item)
        behind = ""
        for name, item in now.items():
            if name not in found:
                old = before.get(of_held.get(name, name), GONE)
                found = _put(found, behind, name, self.one(place.at(name, _label(item)), old, item, GONE))
            behind = name
        return [item for item in found.values() if item is not GONE]


def _put(found: dict[str, Any], behind: str, name: str, item: Any) -> dict[str, Any]:
    """`found` with one entry more, behind another; in front where there is none."""
    pairs = list(found.items())
    at = next((n + 1 for n, (known, _) in enumerate(pairs) if known == behind), 0)
    return dict([*pairs[:at], (name, item), *pairs[at:]])


def _is_rows(value: Any) -> bool:
    """A list of entries, or none of them."""
    return value is GONE or (isinstance(value, list) and all(isinstance(item, dict) for item in value))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: Any, beside: Any) -> str:
    """On one line; of a long text the place where it parts from the other one."""
    if value is GONE:
        return ""
    if isinstance(value, str) and isinstance(beside, str) and len(value) > MOST_SHOWN:
        parts_at = next((n for n, (a, b) in enumerate(zip(value, beside, strict=False)) if a != b), len(beside))
        begin = min(parts_at, len(value)) - LEAD
        return shortened(value if begin <= 0 else f"...{value[begin:]}")
    return "none" if value is None else shortened(value)


def _label(item: Any) -> str:
    """How people call an entry: its name, and its day where it has one."""
    words = next((str(item[key]) for key in LABELS if key in item), shortened(item))
    return f"{words} ({item['date']})" if "date" in item else words


def _in_words(words: tuple[str, ...]) -> str:
    """`Lab 2, due`; the name of the part only where nothing follows it."""
    return ", ".join(words[1:] or words)


def overwritten_lines(edits: list[Edit]) -> Iterator[str]:
    """A line for each, as the command prints them."""
    for edit in edits:
        yield f"{edit.key}: {edit.held or 'deleted'} (the file: {edit.wanted or 'not there'})"
