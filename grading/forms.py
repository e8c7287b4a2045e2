"""What comes in from the browser, parsed and refused in one place."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

from courseplatform.core.errors import AppError, BadInput
from grading.hand_in_rules import Upload


@dataclass(frozen=True)
class HandInForm:
    upload: Upload
    upload_key: UUID

    @classmethod
    def of(cls, request: HttpRequest) -> "HandInForm":
        """Raises BadInput (`not_a_form`, `no_length`, `broken_upload`, `no_file`, `bad_upload_key`), TooLarge or Unavailable."""
        _check_envelope(request)
        try:
            upload, key = request.FILES.get("model"), request.POST.get("upload_key", "")
        except (MultiPartParserError, UnreadablePostError) as error:
            raise _broken(request) from error
        refused = getattr(request, "upload_refused", None)
        if isinstance(refused, AppError):
            raise refused
        if not request.POST and not request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > 0:
            # The CSRF check reads the body first and swallows that it ended early; what is left is an empty form.
            raise _broken(request)
        if upload is None:
            raise BadInput("No file came with this hand-in. Choose a model file, and hand it in again.", code="no_file")
        try:
            return cls(upload=upload, upload_key=UUID(str(key)))  # type: ignore[arg-type]
        except ValueError as error:
            raise BadInput("This page is out of date. Reload it, and hand in again.", code="bad_upload_key") from error


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
