"""manage.py enrol SLUG EMAIL [--role instructor] [--name NAME]: the way in for the first person of an imported course."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit
from courseplatform.courses.closing import check_not_closed
from courseplatform.courses.models import Course, Role
from courseplatform.roster.services.members import member_add


class Command(BaseCommand):
    help = (
        "Enrol a person in a course. Somebody without an account is made one, and invited by mail to choose a password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", choices=Role.values, default=Role.INSTRUCTOR)
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        course = Course.objects.filter(slug=options["slug"]).first()
        if course is None:
            self._refuse("no_such_course", f"There is no course {options['slug']}; import its file first.")
            return
        # Whoever sits at the machine acts as an instructor; the history of the course names the command.
        visit = Visit(person=User(email="manage.py enrol", name="manage.py enrol"), course=course, role=Role.INSTRUCTOR)
        name = options["name"] or options["email"].split("@")[0]
        try:
            check_not_closed(course)
            member_add(visit=visit, email=options["email"], name=name, role=options["role"])
        except AppError as error:
            self._refuse(error.code, error.message)
        else:
            self.stdout.write(f"{options['email']} is {options['role']} of {course.slug}")

    def _refuse(self, code: str, sentence: str) -> None:
        self.stderr.write(f"{code}: {sentence}")
        sys.exit(2)
