"""manage.py late_report FILE"""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseplatform.courses.course_file.reading import FileError
from grading.course_file.late.facts import MOST_BYTES
from grading.course_file.late.report import late_report


class Command(BaseCommand):
    help = (
        "Try a late policy on a file of made-up or real hand-ins: what each costs, what is left, and why. Prints JSON."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="docs/late-days.md shows one")

    def handle(self, *args: Any, **options: Any) -> None:
        path = str(options["file"])  # named in each refusal as it was given
        try:
            with open(path, "rb") as stream:
                content = stream.read(MOST_BYTES + 1)
            report = late_report(content)
        except OSError as error:
            self._refuse([f"{path}:1: cannot_be_read: The file cannot be read: {error.strerror or error}."])
        except FileError as error:
            self._refuse([f"{path}:{f.line}: {f.code}: {f.sentence}" for f in error.findings])
        else:
            self.stdout.write(json.dumps(report, indent=2, allow_nan=False))  # plain ASCII, which every terminal takes

    def _refuse(self, lines: list[str]) -> None:
        for line in lines:
            self.stderr.write(" ".join(line.split()))  # a name may hold a line break, a refusal is one line
        sys.exit(2)
