"""manage.py backup"""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from courseplatform.core import numbers
from courseplatform.core.errors import AppError
from courseplatform.keeping.backing_up import Made, backup_make

REFUSED, INCOMPLETE = 2, 3


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a whole number of at least 1")
    return int(text)


class Command(BaseCommand):
    """`manage.py backup --to DIR [--keep N] [--verify]`: docs/backup.md. Exit codes: 0 made; 2 refused or failed; 3 made, but files that rows
    name were not there any more."""

    help = "Make one consistent set of database and files while the site runs. Exit codes: 0 made; 2 failed, with the reason; 3 made, files were missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", required=True, type=Path, metavar="DIR", help="the folder in which sets stand beside each other"
        )
        parser.add_argument(
            "--keep", type=_at_least_one, metavar="N", help="delete all but the newest N sets; without it all stay"
        )
        parser.add_argument("--verify", action="store_true", help="read the whole set once more and compare every hash")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = backup_make(to=options["to"], keep=options["keep"], is_verified=options["verify"])
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            sys.exit(REFUSED)
        self._show(made)
        if made.manifest.missing:
            self.stderr.write(
                f"{len(made.manifest.missing)} files that rows name were not there: {', '.join(made.manifest.missing[:5])}."
            )
            sys.exit(INCOMPLETE)

    def _show(self, made: Made) -> None:
        row = made.row
        for name in made.left_over:
            self.stdout.write(f"The unfinished set {name} was taken away.")
        checked = "verified" if row.verified_at else "not verified"
        self.stdout.write(
            f"{made.folder}: {row.files} files, {numbers.size(row.all_bytes)}, of which {numbers.size(row.new_bytes)} new; "
            f"{row.seconds:.1f} s, {checked}."
        )
        if made.pruned:
            self.stdout.write(f"Deleted: {', '.join(made.pruned)}.")
