"""What somebody sends for a part, read and refused in one place: nothing reaches the desk that this part does not take."""

import csv
import hashlib
import re
import unicodedata
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.pdfs import pdf_pages
from grading.bench.errors import BenchError
from grading.bench.formats import sniff
from grading.families.labels import guess_labels
from grading.hand_in_rules import Upload, endings
from grading.models.assignments import Assignment
from grading.parts import MOST_ROWS, THE_STATEMENT, Part

MOST_CELL, MOST_COLUMNS, MOST_LINK, MOST_LABEL, MOST_DID = 200, 20, 500, 40, 600
MOST_TABLE_BYTES = 1 << 20


@dataclass(frozen=True)
class Content:
    """What a piece will hold. `sha256` is that of the file, or of what was written."""

    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    upload: Upload | None = None
    format: str = ""

    @property
    def sha256(self) -> str:
        if self.upload is not None:
            return self.upload.sha256
        said = self.text or json.dumps(self.data, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class Sent:
    """What came for a part. content: None where this upload is a piece already. at: from when it counts; None: now."""

    content: Content | None
    upload_key: UUID | None = None
    at: datetime | None = None


def bad(part: Part, sentence: str, code: str, field_name: str = "text") -> BadInput:
    return BadInput(sentence, code=code, details={"part": part.key, "field": field_name})


def without_controls(text: str) -> str:
    """Line breaks and tabs stay. PostgreSQL takes no NUL, and nobody means the others."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"})


def plain_lines(text: str) -> str:
    """Without control characters, without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in without_controls(text).strip().split("\n"))


def one_line(text: str) -> str:
    return " ".join(without_controls(text).split())


def read_text(part: Part, text: str) -> Content:
    """Raises BadInput: `part_empty`, `text_too_long`."""
    said = plain_lines(text)
    if not said:
        raise bad(part, f"{part.title} is empty. Write it, and save it again.", "part_empty")
    if len(said) > part.letters:
        raise bad(part, f"{part.title} takes at most {part.letters} letters; this has {len(said)}.", "text_too_long")
    return Content(said)


def read_statement(text: str) -> Content:
    """Raises BadInput: `statement_missing`, `statement_too_long`."""
    said = "\n".join(" ".join(line.split()) for line in without_controls(text).strip().splitlines())
    if not said:
        words = "Say with whom you talked about this work, or that it was nobody."
        raise bad(THE_STATEMENT, words, "statement_missing")
    if len(said) > THE_STATEMENT.letters:
        words = f"A statement has at most {THE_STATEMENT.letters} letters; this one has {len(said)}."
        raise bad(THE_STATEMENT, words, "statement_too_long")
    return Content(said)


def read_link(part: Part, text: str) -> Content:
    """Raises BadInput: `part_empty`, `not_a_link`, `wrong_host`."""
    said = text.strip()
    if not said:
        raise bad(part, f"{part.title} is empty. Paste the address, and save it again.", "part_empty")
    try:
        found = urlsplit(said)
        host = (found.hostname or "").lower()
    except ValueError:
        found, host = None, ""
    is_link = found is not None and found.scheme in {"http", "https"} and "." in host and not found.username
    if not is_link or len(said) > MOST_LINK or any(sign.isspace() or sign < " " for sign in said):
        raise bad(part, "This is not an address of the web. It begins with https:// and has no spaces.", "not_a_link")
    if part.hosts and not any(host == known or host.endswith(f".{known}") for known in part.hosts):
        raise bad(part, f"{part.title} points to {host}; it has to be at {', or '.join(part.hosts)}.", "wrong_host")
    return Content(said)


def read_table(part: Part, text: str) -> Content:
    """A table pasted from a spreadsheet or a CSV file: the first line names the columns.

    Raises BadInput: `part_empty`, `table_broken`, `wrong_columns`, `too_few_rows`, `table_too_large`.
    """
    said = plain_lines(text.lstrip("\ufeff"))
    if not said:
        raise bad(
            part, f"{part.title} is empty. Paste the table or choose its CSV file, and save it again.", "part_empty"
        )
    first = said.split("\n", 1)[0]
    delimiter = "\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ","
    try:
        lines = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(said), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise bad(
            part, f"The table cannot be read: {error}. Put quotes around cells that hold a comma.", "table_broken"
        ) from error
    lines = [row for row in lines if any(row)]
    columns, rows = _headed(part, lines)
    for n, row in enumerate(rows, 1):
        if len(row) != len(columns):
            raise bad(part, f"Row {n} has {len(row)} cells, and there are {len(columns)} columns.", "table_broken")
        if long := [cell for cell in row if len(cell) > MOST_CELL]:
            raise bad(
                part, f"Row {n} has a cell of {len(long[0])} letters; the most is {MOST_CELL}.", "table_too_large"
            )
    if len(rows) < part.rows:
        raise bad(part, f"{part.title} takes {part.rows} rows or more; this has {len(rows)}.", "too_few_rows")
    if len(rows) > MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise bad(part, f"A table has at most {MOST_ROWS} rows and {MOST_COLUMNS} columns.", "table_too_large")
    return Content(data={"columns": columns, "rows": rows})


def _headed(part: Part, lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows below. A table without its heads is taken where it has as many columns as the part names."""
    head, wanted = lines[0], list(part.columns)
    if not wanted:
        return head, lines[1:]
    if [cell.lower() for cell in head] == [name.lower() for name in wanted]:
        return wanted, lines[1:]
    if len(head) == len(wanted) and not {cell.lower() for cell in head} & {name.lower() for name in wanted}:
        return wanted, lines
    raise bad(
        part,
        f"The columns are {', '.join(wanted)}, in this order; the first line says {', '.join(head)}.",
        "wrong_columns",
    )


def read_contributions(part: Part, members: Sequence[User], said: Mapping[str, str]) -> Content:
    """Who did what. `said`: person key as text -> words. Raises BadInput: `contribution_missing`, `text_too_long`."""
    rows = []
    for member in members:
        did = one_line(said.get(str(member.pk), ""))
        if not did:
            raise bad(
                part,
                f"It does not say what {member.name} did. One line is enough.",
                "contribution_missing",
                f"did-{member.pk}",
            )
        if len(did) > MOST_DID:
            raise bad(
                part,
                f"At most {MOST_DID} letters for each person; {member.name} has {len(did)}.",
                "text_too_long",
                f"did-{member.pk}",
            )
        rows.append({"person": member.pk, "name": member.name, "did": did})
    return Content(data={"rows": rows})


def too_large_words(assignment: Assignment, part: Part, size: int | str) -> str:
    """The same words before sending (in the page) and after (on the server)."""
    shown = size if isinstance(size, str) else numbers.size_beside_limit(size, up=True)
    limit = numbers.size_beside_limit(most_bytes_of(assignment, part), up=False)
    return f"This file has {shown}; {part.title} takes at most {limit}."


def part_endings(assignment: Assignment, part: Part) -> frozenset[str]:
    if part.kind == "models":
        return endings(assignment)
    return frozenset({".pdf"} if part.kind == "pdf" else part.endings)


def wrong_ending_words(assignment: Assignment, part: Part, name: str) -> str:
    return f"{name} does not end as it should: {part.title} takes {', '.join(sorted(part_endings(assignment, part)))}."


def read_file(assignment: Assignment, part: Part, upload: Upload, labels: Mapping[str, str] | None = None) -> Content:
    """A PDF, a model of a family, or another file, complete on disk.

    Args:
        labels: of a variant: what varies -> its value; `name` -> how it is called.

    Raises:
        TooLarge: `too_large`. BadInput: `wrong_ending`, what `pdf_pages` raises, `too_many_pages`, what opening a model raises,
            `label_too_long`.
    """
    name = upload.name or "file"
    if upload.size > most_bytes_of(assignment, part):
        raise TooLarge(too_large_words(assignment, part, upload.size), code="too_large")
    if not name.lower().endswith(tuple(part_endings(assignment, part))):
        raise bad(part, wrong_ending_words(assignment, part, name), "wrong_ending", "file")
    path = Path(upload.temporary_file_path())
    if part.kind == "pdf":
        return Content(data={"pages": _pages(part, path)}, upload=upload)
    if part.kind == "models":
        return Content(
            data=_labelled(part, name, labels or {}), upload=upload, format=_format(assignment, part, path, name)
        )
    return Content(upload=upload)


def most_bytes_of(assignment: Assignment, part: Part) -> int:
    most = assignment.spec.max_bytes if part.kind == "models" else part.max_bytes
    return min(most, int(settings.MAX_UPLOAD_BYTES))


def _pages(part: Part, path: Path) -> int:
    pages = pdf_pages(path)
    if part.pages and pages > part.pages:
        most = f"{part.pages} page{'s' if part.pages > 1 else ''}"
        raise bad(
            part,
            f"{part.title} has at most {most}; this PDF has {pages}. Shorten it, and choose the new file.",
            "too_many_pages",
            "file",
        )
    return pages


def _format(assignment: Assignment, part: Part, path: Path, name: str) -> str:
    try:
        found = str(sniff(path, name))
    except BenchError as error:
        raise BadInput(error.message, code=error.code, details={**error.details, "part": part.key}) from error
    if found not in assignment.spec.formats:
        said = f"This is a {found} model; {assignment.short} takes {', '.join(assignment.spec.formats)}."
        raise bad(part, said, "format_not_accepted", "file")
    return found


def _labelled(part: Part, file_name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """How a variant is called: by its labels where it has them, else by its file and by what its name says."""
    labels = labels or guess_labels(file_name, part.vary)
    said = {key: one_line(labels.get(key, "")) for key in ("name", *part.vary)}
    if long := next((key for key, value in said.items() if len(value) > MOST_LABEL), None):
        raise bad(part, f"`{long}` takes at most {MOST_LABEL} letters.", "label_too_long", long)
    name = said.pop("name") or file_name.rsplit(".", 1)[0][:MOST_LABEL]
    return {"name": name, "labels": {key: value for key, value in said.items() if value}}
