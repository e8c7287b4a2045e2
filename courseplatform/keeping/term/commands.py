"""What the commands for whole courses share."""

import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.models import Course

REFUSED = 2


class CourseCommand(BaseCommand):
    """Exit codes: 0 done; 2 refused, with the reason. What is refused says its code."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="the name of the course in addresses")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.act(options)
        except AppError as error:
            self.refuse(error)

    def act(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def course(self, options: dict[str, Any]) -> Course:
        found = Course.objects.filter(slug=options["slug"]).first()
        if found is None:
            raise NotHere(f"There is no course {options['slug']}.", code="no_such_course")
        return found

    def asked(self, options: dict[str, Any], question: str) -> str:
        """What was typed out: after --confirm, or now by whoever sits there. Nothing where nobody does."""
        if options["confirm"]:
            return str(options["confirm"])
        if not sys.stdin.isatty():
            return ""
        return input(f"{question} ")

    def refuse(self, error: AppError) -> NoReturn:
        self.stderr.write(f"{error.code}: {error.message}")
        sys.exit(REFUSED)


def add_confirm(parser: ArgumentParser) -> None:
    parser.add_argument("--confirm", default="", metavar="SLUG", help="the name once more, where nobody can be asked")
