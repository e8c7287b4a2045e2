import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hardware.agent_archive import NAME, archive, version


class Command(BaseCommand):
    help = "Build milliamp-runner.pyz, the agent for boards: one file for every Python from 3.9 on."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=Path(NAME), help=f"where to put it; {NAME} here by default")

    def handle(self, *args: Any, **options: Any) -> None:
        content, target = archive(), options["out"]
        try:
            target.write_bytes(content)
            target.chmod(0o755)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}") from error
        digest = hashlib.sha256(content).hexdigest()
        self.stdout.write(f"{target}  {version()}  {len(content)} bytes  sha256 {digest}")
