"""README.txt of an archive: for somebody who finds it in ten years."""

from collections.abc import Iterable
from datetime import datetime
from textwrap import fill

from courseplatform.courses.archive_parts import ArchivePart
from courseplatform.courses.models import Course
from courseplatform.keeping.term.tables import LEFT_OUT

HEAD = """{name}
{under}

The archive of this course, made on {day} UTC by Milliamp, a course platform for machine learning on small devices. Everything in
it can be read without that software: tables are CSV (UTF-8), facts are JSON or JSON Lines (a line a row), texts are Markdown or YAML,
and what was handed in is as it came.

It names people, their work and their grades. Keep it where nobody else reads it, and no longer than your university allows.
"""
FOOT = """Times are UTC unless a column says otherwise. A CSV cell that would begin a formula has an apostrophe in front.

manifest.json has the size and the SHA-256 of every file, and for what was handed in the name under which it lay. Compare it with
`sha256sum`, or, where Milliamp is at hand, with `manage.py course_archive --verify FILE`. What it calls missing was named by the course and
was not there any more, as retention policies delete files while results and grades stay.
"""


def readme(course: Course, parts: Iterable[ArchivePart], now: datetime) -> str:
    name = f"{course.name}, {course.term}" if course.term else course.name
    text = HEAD.format(name=name, under="=" * len(name), day=f"{now:%Y-%m-%d %H:%M}")
    for part in parts:
        for path, says in part.says.items():
            text += f"\n{path}\n{fill(says[:1].upper() + says[1:] + '.', 110, initial_indent='    ', subsequent_indent='    ')}\n"
    left = "; ".join(f"{label} ({why})" for label, why in sorted(LEFT_OUT.items()))
    return f"{text}\n{FOOT}\n{fill(f'Left out of tables/: {left}.', 118)}\n"
