"""manage.py class_points"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.models.assignments import Assignment
from grading.services.class_points import class_points_rebuild


class Command(BaseCommand):
    help = "Read the numbers of the class from the results again, and say how many were wrong or missing. Harmless beside work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--course", help="slug of a course; left out: all of them")
        parser.add_argument("--assignment", help="slug of an assignment of that course")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Assignment.objects.exclude(bench_spec={}).select_related("course").order_by("course", "position")
        if options["assignment"] and not options["course"]:
            raise CommandError("--assignment needs the --course that it is of.")
        if options["course"]:
            rows = rows.filter(course__slug=options["course"])
        if options["assignment"]:
            rows = rows.filter(slug=options["assignment"])
        if not rows and (options["course"] or options["assignment"]):
            raise CommandError("No assignment of that name measures models.")
        for row in rows:
            wrong = class_points_rebuild(assignment=row)
            self.stdout.write(f"{row.course.slug}/{row.slug}: {wrong} of {row.class_points.count()} written anew")
