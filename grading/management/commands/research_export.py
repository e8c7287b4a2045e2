"""manage.py research_export"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import visit_of
from grading.services.research import research_export

REFUSED = 2


class Command(BaseCommand):
    """`manage.py research_export COURSE --to FILE.zip --as E-MAIL`: docs/retention.md. Exit codes: 0 written; 2 refused, with the reason."""

    help = "Write results of a course for research: no names, nothing that somebody wrote, small groups left out. Exit codes: 0 written; 2 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", metavar="COURSE", help="slug of the course")
        parser.add_argument("--to", required=True, type=Path, metavar="FILE.zip")
        parser.add_argument(
            "--as", dest="person", required=True, metavar="E-MAIL", help="the instructor who exports; it is audited"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = User.objects.filter(email__iexact=options["person"]).first()
            if person is None:
                raise NotHere("There is no account with this address.")
            done = research_export(visit=visit_of(person, options["course"]), to=options["to"])
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            sys.exit(REFUSED)
        self.stdout.write(
            f"{options['to']}: {done.attempts} attempts of {done.owners} owners. {done.stay} stay, for their groups are small."
        )
