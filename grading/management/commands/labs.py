"""The labs that ship: list them, put them into a course, write their data and their submissions."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courseplatform.core.errors import AppError
from courseplatform.courses.models import Course
from grading.labs.catalogue import BY_SLUG, LABS, Lab
from grading.labs.installing import entries, hidden_sets_make, lab_add


class Command(BaseCommand):
    """`manage.py labs`, `labs --hidden`, `labs --course SLUG [--lab X]...`, `labs --write DIR [--lab X]...`: docs/labs.md."""

    help = "List the labs that ship, put them into a course as drafts, or write their reference submissions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--lab", action="append", default=[], metavar="SLUG", help="one of them; all where not given"
        )
        parser.add_argument(
            "--course", default="", metavar="SLUG", help="put them into this course, as drafts without dates"
        )
        parser.add_argument(
            "--hidden", action="store_true", help="make the hidden sets of all labs, for every course of this site"
        )
        parser.add_argument(
            "--write-public", default="", metavar="DIR", help="write what students train on into DIR/LAB"
        )
        parser.add_argument(
            "--write-reference", default="", metavar="DIR",
            help="write the reference submission of each lab, and the one that falls short, into DIR/LAB",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        labs = [_lab(slug) for slug in options["lab"]] or list(LABS)
        if not any(options[name] for name in ("course", "hidden", "write_public", "write_reference")):
            self._list(labs)
        try:
            if options["hidden"]:
                self._hidden()
            if options["course"]:
                self._add(labs, options["course"])
            if options["write_public"]:
                self._public(labs, Path(options["write_public"]))
            if options["write_reference"]:
                self._write(labs, Path(options["write_reference"]))
        except (AppError, OSError) as error:
            raise CommandError(str(error)) from error

    def _list(self, labs: list[Lab]) -> None:
        for lab in labs:
            item = entries()[lab.slug]
            self.stdout.write(
                f"{lab.slug:<22}{item['title']}\n{'':<22}on {lab.hidden.slug}; falls short with {lab.short}"
            )

    def _hidden(self) -> None:
        made = hidden_sets_make()
        for row in made:
            self.stdout.write(f"+ {row.slug}: {row.title}, {row.count} inputs")
        if not made:
            self.stdout.write("the hidden sets of all labs are there already")

    def _add(self, labs: list[Lab], slug: str) -> None:
        course = Course.objects.filter(slug=slug).first()
        if course is None:
            raise CommandError(f"There is no course {slug}. Its address names it: /courses/{slug}/.", returncode=2)
        refused = 0
        for lab in labs:
            try:
                row = lab_add(course=course, lab=lab)
            except AppError as error:
                refused += 1
                self.stderr.write(f"{lab.slug}: {error.code}: {error.message}")
                continue
            self.stdout.write(f"+ {row.full_title}: /courses/{slug}/assignments/{row.slug}/, a draft without dates")
        if refused == len(labs):
            raise CommandError("Nothing was put into the course.")

    def _public(self, labs: list[Lab], folder: Path) -> None:
        for lab in labs:
            out = folder / lab.slug
            out.mkdir(parents=True, exist_ok=True)
            inputs, labels = lab.make_public(out)
            self.stdout.write(f"{inputs} and {labels.name}")

    def _write(self, labs: list[Lab], folder: Path) -> None:
        for lab in labs:
            out = folder / lab.slug
            out.mkdir(parents=True, exist_ok=True)
            for what, path in (("reference", lab.make_reference(out)), ("falls short", lab.make_short(out))):
                self.stdout.write(f"{what:<12}{path} ({path.stat().st_size} bytes)")


def _lab(slug: str) -> Lab:
    if slug not in BY_SLUG:
        raise CommandError(f"There is no lab {slug}. There are {', '.join(BY_SLUG)}.", returncode=2)
    return BY_SLUG[slug]
