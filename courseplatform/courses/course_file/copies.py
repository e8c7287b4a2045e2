"""The line by which a course file that was taken down from a page is known again when it comes back changed.

The file of last time is older than such a copy: what was changed on pages between the two stands in the copy, and whoever then changes
it there does not overwrite what they have not seen.
"""

import json
import re
from hashlib import sha256
from typing import Any

from django.utils import timezone

from courseplatform.courses.models import Course, CourseFileCopy

LINE = re.compile(r"^# taken down on [^\n]*, state ([0-9a-f]{16})[^\n]*(?:\n|\Z)", re.MULTILINE)
ABOUT = "by this line an import knows which edits of the pages are in here"


def marked(course: Course, tree: dict[str, Any], text: str) -> str:
    """The text with the line of this state of the course, which is kept for the day when the file comes back."""
    state = sha256(json.dumps(tree, default=str).encode()).hexdigest()[:16]
    known = {"tree": tree}
    CourseFileCopy.objects.get_or_create(course=course, state=state, defaults=known)
    day = timezone.localdate(timezone=course.tz)
    line = f"# taken down on {day.isoformat()}, state {state}: {ABOUT}\n"
    return line + unmarked(text)


def unmarked(text: str) -> str:
    """The text as a course keeps it: its state is that of the course itself."""
    return LINE.sub("", text)


def copy_in(course: Course, text: str) -> CourseFileCopy | None:
    """The state from which a file was taken down; None where it does not say, was taken down elsewhere, or a file was taken since."""
    found = LINE.search(text)
    copy = course.file_copies.filter(state=found[1]).first() if found else None
    last = course.file_imports.defer("tree").first()
    return None if copy is None or (last is not None and last.at > copy.at) else copy
