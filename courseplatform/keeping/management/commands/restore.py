"""manage.py restore"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from courseplatform.core.errors import AppError
from courseplatform.keeping.restoring import Restored, set_restore

REFUSED = 2
SHOWN = (
    "accounts_user",
    "courses_course",
    "courses_enrolment",
    "grading_submission",
    "grading_result",
    "grading_gradeevent",
)


class Command(BaseCommand):
    """`manage.py restore SET [--replace NAME]`: docs/backup.md. Exit codes: 0 restored; 2 refused, with the reason."""

    help = "Make the site what it was when a set was made. The site must be stopped. Killed in the middle, call it again. Exit codes: 0, 2 refused."
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("set", type=Path, metavar="SET", help="the folder of one set")
        parser.add_argument(
            "--replace",
            default="",
            metavar="NAME",
            help="replace the site that is here; NAME is told when it is refused",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = set_restore(options["set"], replace=options["replace"], say=self.stdout.write)
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            sys.exit(REFUSED)
        self._show(done)

    def _show(self, done: Restored) -> None:
        counts = done.manifest.counts
        self.stdout.write(
            f"Restored: {done.manifest.name}, made {done.manifest.made_at:%Y-%m-%d %H:%M} UTC by Milliamp {done.manifest.version}."
        )
        self.stdout.write(
            f"Files: {done.files} written, {done.there} were there, {done.removed} of the replaced site deleted."
        )
        self.stdout.write(f"All {len(counts)} tables have as many rows as in the set, {sum(counts.values())} in all.")
        for table in SHOWN:
            self.stdout.write(f"  {table:24} {counts.get(table, 0)}")
        for sentence in done.sentences:
            self.stdout.write(sentence)
        if done.manifest.missing:
            self.stdout.write(
                f"{len(done.manifest.missing)} files were missing when the set was made; manifest.json names them."
            )
