"""What somebody sends for a part, read and refused in one place: nothing reaches the desk that this part does not take."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.pdfs import pdf_pages
from grading.bench.errors import BenchError
from grading.bench.formats import sniff
from grading.families.labels import guess_labels
from grading.handing_in.hand_in_rules import Upload, endings
from grading.models.assignments import Assignment
from grading.parts import THE_STATEMENT, Part

MOST_LINK, MOST_LABEL, MOST_DID = 500, 40, 600
# Stricter than a browser, which mends much: what we take for the host has to be what it opens.
WEB = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::([0-9]{1,5}))?(?:[/?#]|$)", re.IGNORECASE)
MOST_PORT = 65535
NO_LINK = "This is not an address of the web. It begins with https:// and a name of plain letters, and has no spaces."


@dataclass(frozen=True)
class Content:
    """What a piece will hold. `sha256` is that of the file, or of what was written.

    seen: key of the piece that stood when the page was made from which this comes, empty: none. None: not said.
    """

    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    upload: Upload | None = None
    format: str = ""
    seen: str | None = None

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
    found = WEB.match(said)
    is_link = found is not None and (not found[2] or 0 < int(found[2]) <= MOST_PORT)
    if not is_link or found is None or len(said) > MOST_LINK or "\\" in said or " " in said or not said.isprintable():
        raise bad(part, NO_LINK, "not_a_link")
    host = found[1].lower()
    if part.hosts and not any(host == known or host.endswith(f".{known}") for known in part.hosts):
        raise bad(part, f"{part.title} points to {host}; it has to be at {', or '.join(part.hosts)}.", "wrong_host")
    return Content(said)


def read_contributions(part: Part, members: Sequence[User], said: Mapping[str, str]) -> Content:
    """Who did what. `said`: person key as text, or e-mail address -> words. Raises BadInput: `contribution_missing`, `text_too_long`."""
    rows = []
    for member in members:
        did = one_line(said.get(str(member.pk), "") or said.get(member.email, ""))
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
