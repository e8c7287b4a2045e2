"""The course's own part of its archive: the course file."""

from collections.abc import Iterable

from courseplatform.courses.access import Visit
from courseplatform.courses.archive_parts import ArchivePart, Entry, Text, add_archive_part
from courseplatform.courses.course_file.service import export_text

SAYS = {
    "plan/course.yaml": "the course file: dates, sessions, assignments with their rules and rubrics, policies. Milliamp makes a course of it again"
}


def _build(visit: Visit) -> Iterable[Entry]:
    yield Text("plan/course.yaml", export_text(visit.course).encode())


def register() -> None:
    add_archive_part(ArchivePart("plan", 10, SAYS, _build))
