"""Who made the edits that a file would overwrite, as far as a part of the file keeps record of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from courseplatform.accounts.models import User
from courseplatform.courses.course_file.merging import Edit
from courseplatform.courses.course_file.registry import Edited, file_parts
from courseplatform.courses.course_file.service import COMMAND
from courseplatform.courses.models import Course, CourseFileImport


@dataclass(frozen=True)
class EditRow:
    """An edit, and who made it when; `by` is empty where nothing is on record."""

    edit: Edit
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class LastImport:
    """by: empty where a command took the file."""

    by: str
    at: datetime


def edit_rows(
    course: Course, edits: list[Edit], taken_down: datetime | None = None
) -> tuple[list[EditRow], LastImport | None]:
    """The edits with their authors, and the last import. A few queries, however many edits there are.

    taken_down: since when edits count, where that is not the last import.
    """
    last = CourseFileImport.objects.filter(course=course).defer("tree").first()
    since = taken_down or (last.at if last else None)
    known: dict[str, Mapping[str, Edited]] = {}
    for part in file_parts.parts:
        if part.edited and any(edit.part == part.key for edit in edits):
            known[part.key] = part.edited(course, since)
    found = [known.get(edit.part, {}).get(edit.entry) for edit in edits]
    names = _names({edited.by for edited in found if edited} | ({last.by} if last else set()))
    rows = [
        EditRow(edit, names.get(edited.by, edited.by), edited.at) if edited else EditRow(edit)
        for edit, edited in zip(edits, found, strict=True)
    ]
    if last is None:
        return rows, None
    return rows, LastImport("" if last.by == COMMAND else names.get(last.by, last.by), last.at)


def _names(addresses: set[str]) -> dict[str, str]:
    return dict(User.objects.filter(email__in=addresses).values_list("email", "name"))
