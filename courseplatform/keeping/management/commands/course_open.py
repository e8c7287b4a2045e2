"""manage.py course_open SLUG"""

from typing import Any

from courseplatform.keeping.term.closing import course_open
from courseplatform.keeping.term.commands import CourseCommand


class Command(CourseCommand):
    """`manage.py course_open SLUG`: docs/end-of-term.md."""

    help = "Open a closed course again. Exit codes: 0 open; 2 refused, with the reason."

    def act(self, options: dict[str, Any]) -> None:
        course = course_open(course=self.course(options), by="manage.py course_open")
        self.stdout.write(f"{course.slug} is open again.")
