from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courseplatform.cli.archive import NAME, program


class Command(BaseCommand):
    help = "Build milliamp, the command line for students and scripts: one file for every Python from 3.9 on."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "out", type=Path, nargs="?", default=Path(NAME), help=f"where to put it; {NAME} here by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found, target = program(), options["out"]
        try:
            target.write_bytes(found.content)
            target.chmod(0o755)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}") from error
        self.stdout.write(f"{target}  {found.version}  {len(found.content)} bytes  sha256 {found.sha256}")
