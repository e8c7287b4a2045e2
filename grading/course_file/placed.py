"""Values that no file holds, checked by the rules of the course file: each refusal has a place where the file has a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Path, Source


@dataclass(frozen=True)
class Placed:
    """A refusal or something odd, at a place of what was checked: ("penalty", "steps", 1)."""

    path: Path
    code: str
    sentence: str


def numbered(tree: dict[str, Any], value: Any, root: Path) -> tuple[Source, list[Path]]:
    """The tree in which `value` stands at `root`, every value on a line of its own: the line of a finding says which it is about."""
    places = list(_paths(value, root))
    return Source(tree, {path: line for line, path in enumerate(places, 1)}), places


def _paths(value: Any, path: Path) -> Iterator[Path]:
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield from _paths(item, (*path, key))


def placed(findings: list[Finding], places: list[Path], root: Path) -> list[Placed]:
    return [Placed(places[one.line - 1][len(root) :], one.code, _plain(one.sentence, root)) for one in findings]


def _plain(sentence: str, root: Path) -> str:
    """The words of the file name the whole place; a page shows them beside the field."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in root).removeprefix(".")
    return sentence.removeprefix(name).removeprefix(".").strip()
