"""Whether an archive holds what a course is now: asked before the course is deleted."""

import hashlib

from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Course
from courseplatform.keeping.term.manifest import Manifest
from courseplatform.keeping.term.tables import GOES_ON, archived_tables, files_of, table_lines, table_path


def check_of_now(course: Course, manifest: Manifest) -> None:
    """Raises Conflict: `other_course`, `archive_is_old`, with what differs."""
    if manifest.course != course.slug:
        raise Conflict(f"This is the archive of {manifest.course}, and not of {course.slug}.", code="other_course")
    if wrong := differences(course, manifest):
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        said = f"Since this archive was made the course has changed: {', '.join(wrong[:5])}{more}. Make a new archive."
        raise Conflict(said, code="archive_is_old", details={"differs": wrong[:100]})


def differences(course: Course, manifest: Manifest) -> list[str]:
    """Tables whose rows are other ones now, and files that the archive does not hold and did not call missing."""
    said = {line.path: line.sha256 for line in manifest.files}
    wrong = []
    for model in archived_tables():
        if model._meta.label in GOES_ON:
            continue
        digest, is_empty = hashlib.sha256(), True
        for line in table_lines(course, model):
            digest.update(line)
            is_empty = False
        if said.get(table_path(model)) != (None if is_empty else digest.hexdigest()):
            wrong.append(table_path(model))
    held = {line.stored for line in manifest.files if line.stored}
    lost = [f"{place}/{name}" for place, name in files_of(course) if f"{place}/{name}" not in held]
    return wrong + (lost if len(lost) > len(manifest.missing) else [])
