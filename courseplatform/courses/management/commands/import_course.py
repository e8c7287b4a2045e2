"""manage.py import_course [--dry-run] [--shift-to DATE] FILE"""

import sys
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseplatform.core.errors import AppError
from courseplatform.courses.closing import CourseClosed
from courseplatform.courses.course_file.merging import overwritten_lines
from courseplatform.courses.course_file.reading import MOST_BYTES, FileError
from courseplatform.courses.course_file.service import Plan, course_import, plan_import


def a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no day; write it like 2024-08-27") from error


class Command(BaseCommand):
    help = "Create or update a course from a course file. Says what changes; never deletes the work of students."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument(
            "--keep-edits", action="store_true", help="leave what was changed on pages since the last import as it is"
        )
        parser.add_argument(
            "--shift-to",
            metavar="DATE",
            type=a_day,
            help="the new first day; moved on to the weekday of the file's own first day",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
            plan = plan_import(content, shift_to=options["shift_to"])
            if options["keep_edits"] and plan.edits:
                keys = [edit.key for edit in plan.edits]
                plan = plan_import(content, shift_to=options["shift_to"], keep=keys)
        except OSError as error:
            self._refuse([f"{path}:1: cannot_be_read: The file cannot be read: {error.strerror or error}."])
        except FileError as error:
            self._refuse([f"{path}:{f.line}: {f.code}: {f.sentence}" for f in error.findings])
        except AppError as error:
            self._refuse([f"{path}:1: {error.code}: {error.message}"])
        else:
            try:
                self._carry_out(plan, is_dry=options["dry_run"], keeps=options["keep_edits"])
            except CourseClosed as error:
                self._refuse([f"{path}:1: {error.code}: {error.message}"])

    def _carry_out(self, plan: Plan, *, is_dry: bool, keeps: bool) -> None:
        kept: list[str] = []
        if not is_dry and (plan.is_new or plan.changes or plan.text_differs):
            _, kept = course_import(plan=plan)
        verb = ("would create" if is_dry else "created") if plan.is_new else ("would update" if is_dry else "updated")
        if plan.is_new or plan.changes:
            self.stdout.write(f"{verb} {plan.slug} ({plan.name})")
        else:
            self.stdout.write("no changes")
        for line in plan.changes:
            self.stdout.write(f"  {line}")
        for line in overwritten_lines(plan.edits):
            self.stdout.write(f"edit {'kept' if keeps else 'overwritten'}: {line}")
        for line in [*plan.notes, *kept]:
            self.stdout.write(f"note: {line}")
        for code, sentence in plan.findings if plan.is_new or plan.changes else []:
            self.stdout.write(f"finding {code}: {sentence}")

    def _refuse(self, lines: list[str]) -> None:
        for line in lines:
            self.stderr.write(line)
        sys.exit(2)
