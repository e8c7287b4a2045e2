"""The catalogue of marked texts, and those of the languages: extracted, merged and compiled with gettext's own programs.

manage.py messages         courseplatform/locale/django.pot, and every language that is there
manage.py messages de      begins German too
"""

import re
from contextlib import chdir
from pathlib import Path
from subprocess import run
from typing import Any

from django.conf import settings
from django.core.management import CommandParser
from django.core.management.commands import makemessages

FORMATS = '''"""A translation changes words, not how numbers and dates are read (courseplatform/house_formats.py)."""

from courseplatform.house_formats import *  # noqa: F403
'''
# The folder of the languages among them: Django would take it for that of an app, and write a second catalogue.
NO_SOURCE = ["tests/*", "docs/*", "static/*", "docker/*", "*/migrations/*", "courseplatform/locale"]
HEADER_OF_NOW = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*\n', re.M)


class Command(makemessages.Command):
    help = "Writes the catalogue of texts that are marked for translation, and compiles the languages. Needs gettext."
    # A link of the bar of a course is marked by being one: courses/sections.py translates its label.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=NavLink:1"]  # noqa: RUF012
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("language", nargs="*", help="a language to begin, as gettext names it: de, pt_BR")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.LOCALE_PATHS[0])
        for name in options["language"]:
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "formats.py").write_text(FORMATS)
        own = {"all": True, "keep_pot": True, "add_location": "file", "no_wrap": True, "ignore_patterns": NO_SOURCE}
        with chdir(settings.BASE_DIR):
            super().handle(*args, **{**options, **own})
        for path in [folder / "django.pot", *folder.glob("*/LC_MESSAGES/django.po")]:
            path.write_text(HEADER_OF_NOW.sub("", path.read_text()))  # else each call would be a change
        for path in folder.glob("*/LC_MESSAGES/django.po"):
            run(["msgfmt", "--check-format", "-o", path.with_suffix(".mo"), path], check=True)
