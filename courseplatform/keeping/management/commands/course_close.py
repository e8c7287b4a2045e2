"""manage.py course_close SLUG"""

from argparse import ArgumentParser
from typing import Any

from courseplatform.courses.closing import unfinished_of
from courseplatform.keeping.term.closing import check_typed, course_close
from courseplatform.keeping.term.commands import CourseCommand, add_confirm


class Command(CourseCommand):
    """`manage.py course_close SLUG [--confirm SLUG]`: docs/end-of-term.md."""

    help = "Say what of a course is not finished, ask for its name, and close it. Exit codes: 0 closed; 2 refused, with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_confirm(parser)

    def act(self, options: dict[str, Any]) -> None:
        course = self.course(options)
        for one in unfinished_of(course):
            self.stdout.write(f"{one.title}: {one.count}. {one.says}")
        check_typed(course, self.asked(options, f"Type {course.slug} to close {course.name}:"))
        closed = course_close(course=course, by="manage.py course_close")
        self.stdout.write(f"{closed.slug} is closed since {closed.closed_at:%Y-%m-%d %H:%M} UTC.")
