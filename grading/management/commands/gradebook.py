"""manage.py gradebook"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.models.assignments import Assignment
from grading.services.grade_rows import differing, grades_now_write, wanted_of


class Command(BaseCommand):
    help = "Fold every grade again and compare it with the row that the gradebook reads. Ends with 1 where one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--course", help="slug of a course; left out: all of them")
        parser.add_argument("--check", action="store_true", help="say what differs and change nothing (the usual)")
        parser.add_argument("--mend", action="store_true", help="write the rows that differ anew; harmless beside work")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Assignment.objects.select_related("course").order_by("course", "position", "pk")
        if options["course"]:
            rows = rows.filter(course__slug=options["course"])
            if not rows:
                raise CommandError("No course of that name has assignments.")
        wrong = sum(self._one(row, mends=options["mend"]) for row in rows)
        self.stdout.write(f"{wrong} rows {'mended' if options['mend'] else 'differ'}")
        if wrong and not options["mend"]:
            raise CommandError("Mend them with --mend, and say so in an issue: a change of a grade was not written.")

    def _one(self, row: Assignment, *, mends: bool) -> int:
        found = grades_now_write(row) if mends else len(differing(row, wanted_of(row)))
        if found:
            self.stdout.write(f"{row.course.slug}/{row.slug}: {found}")
        return found
