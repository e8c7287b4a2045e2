"""manage.py verify_receipt [FILE]"""

import hashlib
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from grading.models.submissions import Submission
from grading.receipts import NotGenuine, verify

MOST_BYTES = 1 << 20


class Command(BaseCommand):
    help = (
        "Tell whether a receipt is genuine: reads a mail, or the signed block of one, from FILE or standard input. "
        "Exit 0: signed by this site and as it stands in the database; 1: not; 2: the file cannot be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="left out, or -: standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            facts = verify(self._text(options["file"]))
        except OSError as error:
            self._end(2, f"cannot_be_read: {options['file']}: {error.strerror or error}.")
        except NotGenuine as error:
            self._end(1, f"not_genuine: {error}")
        else:
            self._show(facts)

    def _text(self, name: str) -> str:
        if name == "-":
            return sys.stdin.read(MOST_BYTES)
        with Path(name).open("rb") as stream:
            return stream.read(MOST_BYTES).decode("utf-8", errors="replace")

    def _show(self, facts: dict[str, Any]) -> None:
        file = facts["file"]
        self.stdout.write(f"genuine: {facts['receipt']}, signed by this site")
        self.stdout.write(f"  {facts['course']}, {facts['assignment']}, attempt {facts['attempt']} of {facts['owner']}")
        self.stdout.write(f"  received {facts['received_at']} ({facts['zone']}), handed in by {facts['by']}")
        self.stdout.write(f"  {file['bytes']} bytes, SHA-256 {file['sha256']}")
        if facts["late"]:
            for line in facts["late"]["explanation"]:
                self.stdout.write(f"  {line}")
        said = self._differs(facts)
        if said:
            self._end(1, f"differs: {said}")
        self.stdout.write("the hand-in stands in the database, and its file has this hash")

    def _differs(self, facts: dict[str, Any]) -> str:
        """What the database or the stored file says otherwise; empty when nothing."""
        row = Submission.objects.filter(receipt=facts["receipt"]).first()
        if row is None:
            return "No hand-in of this receipt is in the database."
        if row.sha256 != facts["file"]["sha256"] or row.number != facts["attempt"]:
            return "The hand-in of this receipt has another hash or number in the database."
        try:
            with row.model_file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            return f"Its file cannot be read: {error.strerror or error}."
        return "" if found == row.sha256 else "Its stored file has another hash than was received."

    def _end(self, code: int, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(code)
