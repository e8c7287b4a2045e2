from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courseplatform.core.errors import AppError
from grading.demo.load import load_demo


class Command(BaseCommand):
    help = (
        "Create the demo course with its accounts and hand-ins. Does nothing where it exists; touches no other course."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = load_demo()
        except (AppError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("demo course made" if made else "demo course is there already")
