"""manage.py backup_verify"""

import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.errors import AppError
from courseplatform.keeping.models import Backup, BackupStatus
from courseplatform.keeping.verifying import set_verify

DAMAGED = 1


class Command(BaseCommand):
    """`manage.py backup_verify SET`: needs no running site. Exit codes: 0 whole; 1 damaged, or no set."""

    help = "Read a set once more: every hash, and the copy of the database. Exit codes: 0 whole; 1 damaged, or no set."
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("set", type=Path, metavar="SET", help="the folder of one set")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = set_verify(options["set"])
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            sys.exit(DAMAGED)
        with suppress(DatabaseError):  # looked at where the site is not
            Backup.objects.filter(name=found.manifest.name, status=BackupStatus.DONE).update(verified_at=timezone.now())
        self.stdout.write(
            f"{found.manifest.name} is whole: {found.files} files, {numbers.size(found.bytes)}, {found.manifest.engine}."
        )
