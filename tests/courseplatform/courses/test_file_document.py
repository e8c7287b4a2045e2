"""docs/course-file.md and the published schema agree with the code that reads course files."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from courseplatform.courses.course_file.checking import CODES
from courseplatform.courses.management.commands.course_schema import schema_text

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docs" / "course-file.md").read_text()
READERS = (
    "grading/course_file/late/policy.py",
    "courseplatform/courses/course_file/reading.py",
    "courseplatform/courses/course_file/checking.py",
    "courseplatform/courses/course_file/grading_check.py",
    "grading/course_file/rubric.py",
    "courseplatform/courses/course_file/sense.py",
    "courseplatform/courses/course_file/stages_check.py",
    "courseplatform/courses/views/file.py",
    "grading/course_file/assignments.py",
    "grading/parts.py",
    "grading/course_file/parts.py",
    "hardware/inventory/lending/course_file.py",
)


def codes_in(path):
    """The second argument of every Finding(...), Wrong(...) and _stop(...) that is written out."""
    for call in ast.walk(ast.parse((ROOT / path).read_text())):
        if (
            isinstance(call, ast.Call)
            and getattr(call.func, "id", "") in {"Finding", "_stop", "Wrong"}
            and len(call.args) > 1
        ):
            second = call.args[1]
            if isinstance(second, ast.Constant):
                yield second.value


def test_the_published_schema_is_that_of_the_code():
    assert (ROOT / "docs" / "course-file.schema.json").read_text() == schema_text()


@pytest.mark.parametrize("path", READERS)
def test_every_code_of_a_refusal_is_explained(path):
    codes = set(codes_in(path)) | {"cannot_be_read", "course_in_use", "not_taken", *CODES.values()}
    assert {code for code in codes if f"`{code}`" not in TEXT} == set()


def test_every_code_that_is_explained_can_be_met():
    table = TEXT[TEXT.index("## When a file is refused") : TEXT.index("## A key of your own")]
    explained = {
        code for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }
    known = {code for path in READERS for code in codes_in(path)} | set(CODES.values())
    assert explained == known | {"cannot_be_read", "course_in_use", "not_taken"}


@pytest.mark.parametrize("path", sorted((ROOT / "courses").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_course_file_binds_the_schema_and_is_short_enough_to_read(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../docs/course-file.schema.json"
    assert [
        n for n, line in enumerate(lines, 1) if len(line) > 140 and "authors:" not in line
    ] == []  # names stand on one line
    assert "@" not in path.read_text()
