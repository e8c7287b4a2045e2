"""manage.py course_delete SLUG --archive FILE"""

from argparse import ArgumentParser
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput
from courseplatform.courses.models import Course
from courseplatform.keeping.models import CourseDeletion
from courseplatform.keeping.term.closing import check_typed
from courseplatform.keeping.term.commands import CourseCommand, add_confirm
from courseplatform.keeping.term.deleting import course_delete, deletion_begin
from courseplatform.keeping.term.manifest import verify
from courseplatform.keeping.term.of_now import check_of_now


class Command(CourseCommand):
    """`manage.py course_delete SLUG --archive FILE | --without-archive [--confirm SLUG]`: docs/end-of-term.md."""

    help = (
        "Delete a closed course for good: rows, files, hidden sets that no other course uses. Accounts stay. Killed, and run again, it goes on. "
        "Exit codes: 0 deleted; 2 refused, with the reason."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--archive", default="", metavar="FILE", help="a whole archive of the course as it is now")
        parser.add_argument("--without-archive", action="store_true", help="what is deleted is nowhere else")
        add_confirm(parser)

    def act(self, options: dict[str, Any]) -> None:
        course = self.course(options)
        if not _has_begun(course):
            if not options["archive"] and not options["without_archive"]:
                said = "Name an archive of the course after --archive, or say --without-archive: then nothing of it is left anywhere."
                raise BadInput(said, code="no_archive")
            if options["archive"]:
                check_of_now(course, verify(options["archive"]))
            check_typed(course, self.asked(options, f"Type {course.slug} to delete {course.name} for good:"))
            deletion_begin(course=course, by="manage.py course_delete")
        gone = course_delete(course=course)
        self.stdout.write(
            f"{course.slug} is deleted: {numbers.count(gone.rows)} rows; {numbers.count(gone.files)} files leave within an hour."
        )


def _has_begun(course: Course) -> bool:
    return CourseDeletion.objects.filter(course=course, taken_back_at=None).exclude(begun_at=None).exists()
