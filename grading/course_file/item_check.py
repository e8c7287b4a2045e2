"""An entry of `assignments` that stands in no file: refused by the very rules of the course file, with the place of each refusal."""

from typing import Any

from courseplatform.courses.course_file.checking import against, place_words
from courseplatform.courses.course_file.reading import FileError, Path
from courseplatform.courses.models import Course
from grading.course_file.assignment_item import ASSIGNMENT, Item, session_days
from grading.course_file.assignments import check
from grading.course_file.placed import Placed, numbered, placed

ROOT: Path = ("assignments", 0)
SCHEMA = {"type": "object", "properties": {"assignments": {"type": "array", "items": ASSIGNMENT}}}


def refused_in_item(item: Item, course: Course) -> list[Placed]:
    """Why this entry cannot be taken; empty when it can. Its slug is looked at by itself, not beside those of the course."""
    tree: dict[str, Any] = {
        "course": {"slug": course.slug} | ({"zone": course.zone} if course.zone else {}),
        "sessions": [{"date": day.isoformat()} for day in session_days(course) if day],
        "assignments": [item],
    }
    source, places = numbered(tree, item, ROOT)
    try:
        checked = against(SCHEMA, source)
    except FileError as error:
        return _said(error.findings, places, item)
    return _said(sorted(set(check(checked))), places, item)


def _said(findings: Any, places: list[Path], item: Item) -> list[Placed]:
    """Beside its field nobody needs to be told of which assignment a sentence is, nor how the file calls the place."""
    found = placed(findings, places, ROOT)
    return [Placed(one.path, one.code, _first_up(_beside(one, f"{item.get('short')}: "))) for one in found]


def _beside(one: Placed, name: str) -> str:
    sentence, place = one.sentence.removeprefix(name), place_words(one.path)
    return f"This {sentence.removeprefix(place).strip()}" if one.path and sentence.startswith(f"{place} ") else sentence


def _first_up(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
