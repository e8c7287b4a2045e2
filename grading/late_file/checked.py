"""A late policy that no file holds: checked by the very rules of the course file, with the place of each refusal instead of a line."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.checking import against
from courseplatform.courses.course_file.reading import FileError, Finding, Path, Source
from grading.late_file import course_part
from grading.late_file.odd import odd_in_policy
from grading.late_file.policy import policy_of

POLICY = "policy"
ROOT: Path = (course_part.KEY, POLICY)
SCHEMA = {"type": "object", "properties": {course_part.KEY: course_part.SCHEMA}}


@dataclass(frozen=True)
class Placed:
    """A refusal or something odd, at a place of the policy: ("penalty", "steps", 1)."""

    path: Path
    code: str
    sentence: str


def refused_in(policy: dict[str, Any], known: Collection[str]) -> list[Placed]:
    """Why this policy cannot be taken; `known`: the slugs of the course's assignments. Empty when it can."""
    source, places = _placed(policy)
    try:
        checked = against(SCHEMA, source)
    except FileError as error:
        return _at(error.findings, places)
    checked.tree["assignments"] = [{"slug": slug} for slug in sorted(known)]
    return _at(sorted(set(course_part.check(checked))), places)


def odd_in(policy: dict[str, Any], zone: ZoneInfo) -> list[Placed]:
    """What a policy that can be taken says and may not mean."""
    source, places = _placed(policy)
    return _at(sorted(set(odd_in_policy(source, ROOT, policy_of(policy, zone)))), places)


def _placed(policy: dict[str, Any]) -> tuple[Source, list[Path]]:
    """Every value on a line of its own, so that the line of a finding says which value it is about."""
    places = list(_paths(policy, ROOT))
    return Source({course_part.KEY: {POLICY: policy}}, {path: line for line, path in enumerate(places, 1)}), places


def _paths(value: Any, path: Path) -> Iterator[Path]:
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield from _paths(item, (*path, key))


def _at(findings: list[Finding], places: list[Path]) -> list[Placed]:
    return [Placed(places[one.line - 1][len(ROOT) :], one.code, _plain(one.sentence)) for one in findings]


def _plain(sentence: str) -> str:
    """The words of the file name the whole place; a page shows them beside the field."""
    return sentence.removeprefix(".".join(map(str, ROOT))).removeprefix(".").strip()
