"""The one way in which a stored file leaves: from the host of uploaded content where there is one, else as a locked-up answer of the site."""

import hashlib
import re
from typing import IO, Any, Protocol

import structlog
from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from courseplatform.core.content.links import Given, given_of, link_to
from courseplatform.core.errors import Unavailable
from courseplatform.core.gone import check_there

log = structlog.get_logger(__name__)
BINARY, PDF = "application/octet-stream", "application/pdf"
IMAGES = frozenset({"image/png", "image/jpeg", "image/webp"})
KEPT_S = 600  # an image of a page is not asked for again at each look
LOCKED = "sandbox; default-src 'none'"
ONE_RANGE = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?")


class Asked(Protocol):
    """What is needed of a request, Django's or the API framework's."""

    @property
    def headers(self) -> Any: ...
    def get_host(self) -> str: ...
    def build_absolute_uri(self, location: str | None = ...) -> str: ...


class ContentLink(HttpResponseRedirect):
    """Leads to a file on the host of uploaded content. For the audit this is the file: whoever gets the link has it."""


def serve_stored(
    request: Asked, file: FieldFile, *, name: str, media_type: str = BINARY, is_inline: bool = False
) -> HttpResponseBase:
    """An uploaded file, to somebody who was found to have a right to it.

    Args:
        name: under which it is saved.
        is_inline: shown by the browser, which is for images and PDFs alone; of anything else it is a download all the same.

    Raises Unavailable where our disk does not give it, FileGone where it was deleted on purpose.
    """
    check_there(file)
    site = request.build_absolute_uri("/").rstrip("/")
    given = given_of(file, name=name, media_type=media_type, is_inline=is_inline, site=site)
    if not settings.CONTENT_URL:
        response = give(given, file, request.headers.get("Range", ""), request.headers.get("If-Range", ""))
        if is_shown(given) and media_type in IMAGES:
            response["Cache-Control"] = f"private, max-age={KEPT_S}"
        return response
    response = ContentLink(link_to(given))
    response["Cache-Control"], response["Referrer-Policy"] = "private, no-store", "no-referrer"
    return response


def is_shown(given: Given) -> bool:
    return given.is_inline and (given.media_type in IMAGES or given.media_type == PDF)


def give(given: Given, file: FieldFile, wanted: str = "", if_range: str = "") -> HttpResponseBase:
    """The bytes, or one range of them. Raises as `serve_stored`."""
    try:
        content = file.open("rb")
        size = file.size
    except OSError as error:
        log.error("file_not_readable", file=file.name, why=str(error))  # noqa: TRY400 one line
        raise Unavailable("Our disk does not give this file now. Staff were told.", code="storage_failed") from error
    tag = f'"{hashlib.sha256(f"{file.name} {size}".encode()).hexdigest()[:32]}"'  # a stored file is never written again
    span = None if if_range and if_range != tag else range_of(wanted, size)
    if span == NONE:
        content.close()
        response: HttpResponseBase = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        response = _bytes(given, content, span)
        response["Content-Length"] = str(size if span is None else span[1] - span[0])
        if span:
            response["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{size}"
    response["ETag"], response["Accept-Ranges"] = tag, "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = policy_of(given)
    return response


def _bytes(given: Given, content: Any, span: tuple[int, int] | None) -> FileResponse:
    if span:
        content.seek(span[0])
    return FileResponse(
        Part(content, span[1] - span[0]) if span else content, as_attachment=not is_shown(given), filename=given.name,
        content_type=given.media_type, status=206 if span else 200,
    )  # fmt: skip


def policy_of(given: Given) -> str:
    """A sandbox without an origin, in no frame. A browser's own PDF viewer refuses a sandbox; it stands apart from pages, and gets a frame."""
    if is_shown(given) and given.media_type == PDF:
        return f"default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors {given.site}"
    return f"{LOCKED}; frame-ancestors 'none'"


NONE = (-1, -1)


def range_of(wanted: str, size: int) -> tuple[int, int] | None:
    """(first byte, byte after the last) of one range; None: the whole file, as for several or for nonsense; NONE: nothing of it is there."""
    found = ONE_RANGE.fullmatch(wanted.strip())
    if found is None or found.groups() == (None, None):
        return None
    first, last = (int(number) if number else None for number in found.groups())
    if first is None:
        return (max(size - (last or 0), 0), size) if last and size else NONE
    if last is not None and last < first:
        return None
    return (first, min(size, size if last is None else last + 1)) if first < size else NONE


class Part:
    """The next `left` bytes of a file, read as a file."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self.file, self.left = file, left

    def read(self, most: int = -1) -> bytes:
        piece = self.file.read(self.left if most < 0 else min(most, self.left))
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        self.file.close()
