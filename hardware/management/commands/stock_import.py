"""manage.py stock_import COURSE FILE [--apply]: a list of the stock, looked at or taken in as the page does it."""

import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from courseplatform.core.errors import AppError
from courseplatform.core.sheets.decode import MOST_BYTES
from courseplatform.courses.closing import check_not_closed
from courseplatform.courses.models import Course
from hardware.inventory.services.imports import (
    acting_at_the_machine,
    plan_of,
    stock_import_apply,
    stock_import_create,
)
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME, Line


class Command(BaseCommand):
    help = (
        "Show what a list of hardware would change in the stock of a course, and with --apply change it. "
        "Refused rows are named and left out; the exit code is then 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", metavar="COURSE")
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        course, path = Course.objects.filter(slug=options["course"]).first(), options["file"]
        if course is None:
            self._refuse("no_such_course", f"There is no course {options['course']}.")
        visit = acting_at_the_machine(course, "manage.py stock_import")
        try:
            check_not_closed(course)
            with path.open("rb") as file:
                made = stock_import_create(visit=visit, data=file.read(MOST_BYTES + 1), file_name=path.name)
            plan = plan_of(visit, made)
            if options["apply"]:
                stock_import_apply(visit=visit, stock_import=made, digest=plan.digest)
        except AppError as error:
            self._refuse(error.code, error.message)
        except OSError as error:
            self._refuse("unreadable", f"{path} cannot be read: {error.strerror}.")
        for line in plan.of(REFUSED, CHANGED):
            self._tell(line)
        counts = ", ".join(f"{len(plan.of(verdict))} {verdict}" for verdict in (NEW, CHANGED, SAME, REFUSED))
        self.stdout.write(f"{counts}. {'Applied.' if options['apply'] else 'Nothing is written; --apply does it.'}")
        if plan.of(REFUSED):
            sys.exit(1)

    def _tell(self, line: Line) -> None:
        for column, code, sentence in line.row.faults:
            self.stderr.write(f"line {line.row.line}, {column or 'whole row'}: {code}: {sentence}")
        for change in line.changes:
            tag = line.row.cells.get("tag") or line.row.cells["product"]
            self.stdout.write(f"line {line.row.line}, {tag}: {change.label}: {change.old or 'nothing'} -> {change.new}")

    def _refuse(self, code: str, sentence: str) -> NoReturn:
        self.stderr.write(f"{code}: {sentence}")
        sys.exit(2)
