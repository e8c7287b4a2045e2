"""What comes in from the browser, parsed and refused in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, BadInput
from courseplatform.uploads.services.taking import upload_taking
from grading.handing_in.hand_in_rules import Upload


@dataclass(frozen=True)
class Arrived:
    """A whole file, and the instant from which it counts; None: now."""

    upload: Upload
    upload_key: UUID
    at: datetime | None = None


@dataclass(frozen=True)
class FileForm:
    """A file in the form itself, or the id of one that came before in pieces (courseplatform/uploads)."""

    upload_key: UUID
    upload: Upload | None
    upload_id: UUID | None = None

    @contextmanager
    def arrived(self, *, person: User, purpose: str, target: str, now: datetime) -> Iterator[Arrived]:
        """The file, to be recorded in the body. Raises what `upload_taking` raises."""
        if self.upload_id is None:
            assert self.upload is not None  # `of` gives one of the two
            yield Arrived(self.upload, self.upload_key)
            return
        with upload_taking(person=person, upload_id=self.upload_id, purpose=purpose, target=target) as file:
            yield Arrived(file, file.upload_key, file.counts_from(now))

    @classmethod
    def of(cls, request: HttpRequest, field: str = "model") -> "FileForm":
        """Raises BadInput (`not_a_form`, `no_length`, `broken_upload`, `no_file`, `bad_upload_key`), TooLarge or Unavailable."""
        check_envelope(request)
        upload, upload_id = request.FILES.get(field), request.POST.get("upload_id", "")
        if upload is None and not upload_id:
            raise BadInput("No file came with this hand-in. Choose a file, and hand it in again.", code="no_file")
        key = upload_key_of(request)
        try:
            return cls(key, upload, UUID(upload_id) if upload_id else None)  # type: ignore[arg-type]
        except ValueError as error:
            raise _out_of_date() from error


def upload_key_of(request: HttpRequest) -> UUID:
    """Made by the page, so that the same click twice is one hand-in. Raises BadInput (`bad_upload_key`)."""
    try:
        return UUID(request.POST.get("upload_key", ""))
    except ValueError as error:
        raise _out_of_date() from error


def _out_of_date() -> BadInput:
    return BadInput("This page is out of date. Reload it, and hand in again.", code="bad_upload_key")


def check_envelope(request: HttpRequest) -> None:
    """A form that arrived whole. Raises BadInput (`not_a_form`, `no_length`, `broken_upload`), TooLarge or Unavailable."""
    _check_envelope(request)
    try:
        bool(request.FILES)
    except (MultiPartParserError, UnreadablePostError) as error:
        raise _broken(request) from error
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    if not request.POST and not request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > 0:
        # The CSRF check reads the body first and swallows that it ended early; what is left is an empty form.
        raise _broken(request)


def _check_envelope(request: HttpRequest) -> None:
    if request.content_type != "multipart/form-data":
        raise BadInput(
            f"A hand-in is a form (multipart/form-data) with the file in `model`, not {request.content_type or 'a bare body'}.",
            code="not_a_form",
        )
    if "CONTENT_LENGTH" not in request.META:
        raise BadInput(
            "The upload did not say how long it is (Content-Length). Send it with its length.", code="no_length"
        )


def _broken(request: HttpRequest) -> BadInput:
    for handler in request.upload_handlers:
        if (file := getattr(handler, "file", None)) is not None:
            file.close()  # and with it the half of a model that lies in incoming/
    return BadInput(
        "The upload broke off before the last byte; nothing was recorded. Send the file again.", code="broken_upload"
    )
