"""manage.py verify_receipt [FILE]"""

import hashlib
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models.fields.files import FieldFile

from courseplatform.core.gone import gone_words
from grading.handing_in.receipts import NotGenuine, verify
from grading.models.submissions import Submission

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
        files = ([facts["file"]] if facts["file"] else []) + facts.get("parts", [])
        self.stdout.write(f"genuine: {facts['receipt']}, signed by this site")
        self.stdout.write(f"  {facts['course']}, {facts['assignment']}, attempt {facts['attempt']} of {facts['owner']}")
        self.stdout.write(f"  received {facts['received_at']} ({facts['zone']}), handed in by {facts['by']}")
        for file in files:
            size = f"{file['bytes']} bytes, " if "bytes" in file else ""
            self.stdout.write(f"  {file.get('part', 'model')}: {size}SHA-256 {file['sha256']}")
        if facts["late"]:
            for line in facts["late"]["explanation"]:
                self.stdout.write(f"  {line}")
        said = self._differs(facts)
        if said:
            self._end(1, f"differs: {said}")
        self.stdout.write("the hand-in stands in the database, and its files have these hashes")

    def _differs(self, facts: dict[str, Any]) -> str:
        """What the database or the stored file says otherwise; empty when nothing."""
        row = Submission.objects.filter(receipt=facts["receipt"]).first()
        if row is None:
            return "No hand-in of this receipt is in the database."
        model = facts["file"]
        if row.sha256 != (model["sha256"] if model else "") or row.number != facts["attempt"]:
            return "The hand-in of this receipt has another hash or number in the database."
        pieces = {(piece.part, piece.sha256): piece for piece in row.pieces.all()}
        for part in facts.get("parts", []):
            if (part["part"], part["sha256"]) not in pieces:
                return f"The part {part['part']} of this hand-in has another hash in the database."
        stored = [(row.model_file, row.sha256)] if model else []
        stored += [(piece.file, piece.sha256) for piece in pieces.values() if piece.file_name]
        return next((said for file, sha256 in stored if (said := self._file_differs(file, sha256))), "")

    def _file_differs(self, file: FieldFile, sha256: str) -> str:
        if said := gone_words(file):
            return f"{said} So its hash cannot be compared any more."
        try:
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            return f"Its file cannot be read: {error.strerror or error}."
        return "" if found == sha256 else "Its stored file has another hash than was received."

    def _end(self, code: int, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(code)
