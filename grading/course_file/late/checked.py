"""A late policy that no file holds: checked by the very rules of the course file, with the place of each refusal instead of a line."""

from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.checking import against
from courseplatform.courses.course_file.reading import FileError, Path, Source
from grading.course_file.late import course_part
from grading.course_file.late.odd import odd_in_policy
from grading.course_file.late.policy import policy_of
from grading.course_file.placed import Placed, numbered, placed

POLICY = "policy"
ROOT: Path = (course_part.KEY, POLICY)
SCHEMA = {"type": "object", "properties": {course_part.KEY: course_part.SCHEMA}}


def refused_in(policy: dict[str, Any], known: Collection[str]) -> list[Placed]:
    """Why this policy cannot be taken; `known`: the slugs of the course's assignments. Empty when it can."""
    source, places = _placed(policy)
    try:
        checked = against(SCHEMA, source)
    except FileError as error:
        return placed(error.findings, places, ROOT)
    checked.tree["assignments"] = [{"slug": slug} for slug in sorted(known)]
    return placed(sorted(set(course_part.check(checked))), places, ROOT)


def odd_in(policy: dict[str, Any], zone: ZoneInfo) -> list[Placed]:
    """What a policy that can be taken says and may not mean."""
    source, places = _placed(policy)
    return placed(sorted(set(odd_in_policy(source, ROOT, policy_of(policy, zone)))), places, ROOT)


def _placed(policy: dict[str, Any]) -> tuple[Source, list[Path]]:
    return numbered({course_part.KEY: {POLICY: policy}}, policy, ROOT)
