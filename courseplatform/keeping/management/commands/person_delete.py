"""manage.py person_delete"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from courseplatform.accounts.security.recovering import account_of
from courseplatform.core.errors import AppError
from courseplatform.keeping.erasing import person_erase, person_erase_preview

REFUSED = 2


class Command(BaseCommand):
    """`manage.py person_delete ADDRESS [--why WHY --confirm ADDRESS]`: docs/retention.md. Exit codes: 0 shown or done; 2 refused."""

    help = "Say what deleting a person would do; with --why and --confirm, do it. Exit codes: 0 shown or done; 2 refused, with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="of the account")
        parser.add_argument("--why", default="", help="who asked for it and when; kept in the audit, without a name")
        parser.add_argument(
            "--confirm",
            default="",
            metavar="ADDRESS",
            help="the address once more: then it is done, and not only shown",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = account_of(options["address"])
            if not options["confirm"]:
                done = person_erase_preview(person=person)
            elif options["confirm"].strip().lower() != person.email:
                self.stderr.write("The address after --confirm is another one. Nothing was changed. (not_confirmed)")
                sys.exit(REFUSED)
            else:
                done = person_erase(person=person, by="manage.py person_delete", why=options["why"])
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            sys.exit(REFUSED)
        for sentence in done.said:
            self.stdout.write(sentence)
        if not options["confirm"]:
            self.stdout.write(f'Nothing was changed. To do it: --why "..." --confirm {person.email}')
