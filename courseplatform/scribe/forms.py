"""What comes in from the browser, parsed and refused in one place."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict

from courseplatform.core.errors import AppError, BadInput, TooLarge
from courseplatform.core.form_fields import check_year
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Session
from courseplatform.scribe import archive, text
from courseplatform.scribe.models import Origin
from courseplatform.scribe.selectors.duties import people_to_choose
from courseplatform.scribe.services.drafts import Source


def number_of(value: str | None, *, most: int = 1_000_000_000) -> int:
    """A whole number from a form; -1 for anything else."""
    value = (value or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 12 and int(value) <= most else -1


def tab_of(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


def uploaded(request: HttpRequest, field: str, most: int) -> tuple[str, bytes] | None:
    """Name and content of an uploaded file, or None. Raises what the upload handler refused it for, or TooLarge (`file_too_large`)."""
    file = request.FILES.get(field)
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    if not isinstance(file, UploadedFile):
        return None
    if (file.size or 0) > most:
        raise TooLarge(
            f"{file.name} is larger than {most >> 20 or 1} MiB, the most that is taken here.", code="file_too_large"
        )
    return (file.name or "file")[:200], file.read()


@dataclass(frozen=True)
class ImportForm:
    """A note that was written elsewhere: pasted, a Markdown file, or a zip with images; with the pull request it comes from."""

    text: str
    source: Source
    images: dict[str, bytes]
    unused: list[str]

    @classmethod
    def of(cls, request: HttpRequest) -> "ImportForm":
        """Raises BadInput or TooLarge, with the code of scribe.text, scribe.archive, or `no_text`, `bad_pull_request`, `bad_commit`."""
        post = request.POST
        pull_request, commit = _pull_request(post.get("pull_request", "")), _commit(post.get("commit", ""))
        file, pasted = uploaded(request, "file", archive.MOST_ZIP_BYTES), post.get("pasted", "")
        if file is None and not pasted.strip():
            raise BadInput("Paste the Markdown, or choose a .md or a .zip file.", code="no_text")
        name, content, images, unused = post.get("name", "").strip()[:200], pasted, {}, []
        if file is not None and file[1].startswith(b"PK"):
            found = archive.read_archive(file[1], chosen=name)
            name, content, images, unused = found.name, found.text, found.images, found.unused
        elif file is not None:
            name, content = file[0], text.decoded(file[1], file[0])
        origin = Origin.PULL_REQUEST if pull_request else Origin.FILE if file else Origin.EDITOR
        return cls(content, Source(origin, pull_request, commit, name), images, unused)


def _pull_request(value: str) -> int | None:
    """31, #31, or the address of the pull request."""
    value = value.strip()
    if not value:
        return None
    found = re.fullmatch(r"#?(\d{1,7})", value) or re.fullmatch(
        r"https?://[^\s]{1,200}?/pull/(\d{1,7})(?:/.{0,60})?", value
    )
    if found is None or not int(found[1]):
        raise BadInput("The pull request is a number such as 31, or its address.", code="bad_pull_request")
    return int(found[1])


def _commit(value: str) -> str:
    value = value.strip().lower()
    if value and not re.fullmatch(r"[0-9a-f]{7,40}", value):
        raise BadInput("A commit is 7 to 40 digits and letters from a to f, as git shows it.", code="bad_commit")
    return value


@dataclass(frozen=True)
class DutyForm:
    """Who, and until when. `values` gives the fields back as they were sent."""

    people: list[Any]
    due_on: date | None
    is_example: bool

    @classmethod
    def of(cls, visit: Visit, post: QueryDict) -> "DutyForm":
        """Raises BadInput: `not_of_this_course`, `bad_day`, `bad_example`."""
        by_pk = {row["person"].pk: row for row in people_to_choose(visit.course)}
        chosen = [number_of(value) for value in post.getlist("people")]
        if any(pk not in by_pk for pk in chosen):
            raise BadInput("One of these people has left the course. Choose again.", code="not_of_this_course")
        rows = [by_pk[pk] for pk in dict.fromkeys(chosen)]
        is_example = post.get("is_example") == "on"
        if is_example and not all(row["is_staff"] for row in rows):
            raise BadInput(
                "An example is written by staff. Choose staff, or leave the example out.", code="bad_example"
            )
        return cls([row["person"] for row in rows], _day(post.get("due_on", "")), is_example)


def _day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value.strip()) if value.strip() else None
        if day is not None:
            check_year(day)
    except (ValueError, ValidationError) as error:
        raise BadInput("The day is not a date such as 2022-09-29.", code="bad_day") from error
    return day


def session_of(visit: Visit, value: str) -> Session:
    """Raises BadInput (`no_such_session`)."""
    found = Session.objects.filter(course=visit.course, pk=number_of(value), is_withdrawn=False).first()
    if found is None:
        raise BadInput("Choose the session whose notes are to be written.", code="no_such_session")
    return found
