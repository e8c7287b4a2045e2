"""manage.py course_archive SLUG FILE, and --verify FILE"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from courseplatform.audit.models import Act, AuditRow
from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.keeping.term.archive import archive_to, visit_for_archive
from courseplatform.keeping.term.commands import CourseCommand
from courseplatform.keeping.term.manifest import verify


class Command(CourseCommand):
    """`manage.py course_archive SLUG FILE`, `manage.py course_archive --verify FILE`: docs/end-of-term.md."""

    help = "Write everything of a course into one ZIP, or check such a file. Exit codes: 0 written or whole; 2 refused, with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", nargs="?", help="the name of the course in addresses")
        parser.add_argument(
            "file", metavar="FILE", nargs="?", type=Path, help="where the ZIP is written; it must not be there yet"
        )
        parser.add_argument(
            "--verify", metavar="FILE", type=Path, help="read such a file and compare every byte with its manifest"
        )

    def act(self, options: dict[str, Any]) -> None:
        if options["verify"]:
            manifest = verify(options["verify"])
            self.stdout.write(
                f"Whole: {manifest.name} ({manifest.course}), made {manifest.made_at[:16]} UTC, {numbers.count(len(manifest.files))} files."
            )
        else:
            self._write(options)

    def _write(self, options: dict[str, Any]) -> None:
        to: Path | None = options["file"]
        if not options["slug"] or to is None:
            raise BadInput("Name a course and a file, or a file after --verify.", code="nothing_named")
        if to.exists():
            raise Conflict(f"{to} is there already. Name another file.", code="file_exists")
        course = self.course(options)
        visit = visit_for_archive(course)
        AuditRow.objects.create(
            course=course, actor="manage.py course_archive", act=Act.EXPORTED, what="An archive of the whole course"
        )
        try:
            manifest = archive_to(to, visit)
        except OSError as error:
            said = f"{error.filename or to} cannot be written: {error.strerror or error}. Nothing was kept."
            raise BadInput(said, code="cannot_be_written") from error
        size = numbers.disk(to.stat().st_size)
        self.stdout.write(f"{to}: {numbers.count(len(manifest.files))} files, {size}.")
        for path in manifest.missing:
            self.stdout.write(f"not there any more: {path}")
