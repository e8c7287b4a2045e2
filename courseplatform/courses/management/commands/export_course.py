"""manage.py export_course SLUG: the course file on standard output, and nothing else."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseplatform.core.errors import NotHere
from courseplatform.courses.course_file.service import course_export


class Command(BaseCommand):
    help = "Write a course as a course file to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = course_export(options["slug"])
        except NotHere as error:
            self.stderr.write(f"{error.code}: {error.message}")
            sys.exit(2)
        self.stdout.write(text, ending="")
