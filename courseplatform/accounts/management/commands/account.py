"""Breaking the glass: what operators do on their page, for when no operator can sign in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courseplatform.accounts.security.recovering import account_of, address_change, factors_reset, operator_switch
from courseplatform.core.errors import AppError

BY = "command on the server"


class Command(BaseCommand):
    help = (
        "Reset the second factor of a person, change the address of an account, make somebody an operator, or end that."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("reset-second-factor", "change-address", "make-operator", "end-operator"))
        parser.add_argument("email", help="the address of the account")
        parser.add_argument("new_email", nargs="?", default="", help="for change-address")
        parser.add_argument("--why", required=True, help="the reason; it is kept, and the person reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        act, why = options["act"], options["why"]
        try:
            person = account_of(options["email"])
            if act == "reset-second-factor":
                factors_reset(person=person, by=BY, why=why)
                said = f"{person.email} has no second factor any more, and is signed out everywhere."
            elif act == "change-address":
                person = address_change(person=person, email=options["new_email"], by=BY, why=why)
                said = f"The address is now {person.email}."
            else:
                operator_switch(person=person, on=act == "make-operator", by=BY, why=why)
                said = f"{person.email} is {'an' if person.is_operator else 'no'} operator now."
        except AppError as error:
            raise CommandError(error.message) from error
        self.stdout.write(said)
