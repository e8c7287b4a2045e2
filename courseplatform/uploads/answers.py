"""What the tus protocol answers, whoever let the request in: a session at /uploads/ (views.py), or a token at the API (api.py).

Each answer takes who asks and what for, and refuses with an AppError; the doors decide who may come and how a refusal is written.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Unavailable
from courseplatform.uploads import protocol, purposes
from courseplatform.uploads.models import Upload
from courseplatform.uploads.selectors import upload_get, uploads_open
from courseplatform.uploads.services import receiving

RETRY_S = 4  # after which it is worth coming again where something of ours was busy


@dataclass(frozen=True)
class Asked:
    """One request, and who was let in with it.

    Attributes:
        request: Django's own, whose body nobody has read.
        address: the name of the address of one upload behind this door.
    """

    request: HttpRequest
    person: User
    address: str

    def url_of(self, upload: Upload) -> str:
        return reverse(self.address, kwargs={"upload": upload.pk})


def effective_method(request: HttpRequest) -> str:
    """Proxies that know no PATCH are told by a header, as the protocol says."""
    override = request.headers.get("X-HTTP-Method-Override", "") if request.method == "POST" else ""
    return override.upper() or str(request.method)


def framed(response: HttpResponseBase) -> None:
    """What stands on every answer, refusals included."""
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = protocol.VERSION
    if response.status_code == Unavailable.http_status:
        response.headers["Retry-After"] = str(RETRY_S)


@cache
def _slots() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.UPLOAD_SLOTS)


@contextmanager
def _slot() -> Iterator[None]:
    """Slow lines hold a thread for as long as a chunk takes: some threads stay free for everybody who only reads a page."""
    if not _slots().acquire(timeout=1):
        said = "Many people are uploading just now. What has arrived is kept; the upload goes on by itself in a few seconds."
        raise Unavailable(said, code="uploads_busy")
    try:
        yield
    finally:
        _slots().release()


def _placed(response: HttpResponse, upload: Upload) -> HttpResponse:
    response["Upload-Offset"] = str(upload.offset_bytes)
    response["Upload-Expires"] = protocol.http_date(upload.expires_at)
    return response


def options(asked: Asked, upload: UUID | None = None) -> HttpResponse:
    """What is spoken here, the same of every upload."""
    response = HttpResponse(status=204)
    response["Tus-Extension"] = protocol.EXTENSIONS
    response["Tus-Max-Size"] = str(settings.MAX_UPLOAD_BYTES)
    response["Tus-Checksum-Algorithm"] = ",".join(receiving.CHECKSUMS)
    return response


def create(asked: Asked) -> HttpResponse:
    """Announces a file; its first bytes may come along (creation-with-upload)."""
    protocol.check_version(asked.request.headers)
    found = protocol.announced(asked.request.headers)
    upload = receiving.upload_create(
        person=asked.person, purpose=found.purpose, target=purposes.spelled(found.purpose, found.target),
        file_name=found.file_name, size_bytes=found.size_bytes, declared_sha256=found.declared_sha256,
    )  # fmt: skip
    if asked.request.content_type == protocol.BODY:
        upload = _append_body(asked.request, upload, 0)
    response = JsonResponse({"id": str(upload.pk)}, status=201)
    response["Location"] = asked.url_of(upload)
    return _placed(response, upload)


def listed(asked: Asked) -> HttpResponse:
    """What of this person's is on its way: all of it, or to one target."""
    purpose, target = (asked.request.GET.get(name, "").replace("\0", "") for name in ("purpose", "target"))
    target = purposes.spelled(purpose, target)
    found = uploads_open(person=asked.person, purpose=purpose, target=target, now=timezone.now())
    return JsonResponse({"uploads": [_row(asked, upload) for upload in found]})


def described(asked: Asked, upload: UUID) -> HttpResponse:
    """One upload, also after it has ended."""
    return JsonResponse(_row(asked, upload_get(person=asked.person, upload_id=upload)))


def _row(asked: Asked, upload: Upload) -> dict[str, Any]:
    return {
        "id": str(upload.pk), "url": asked.url_of(upload), "purpose": upload.purpose, "file_name": upload.file_name,
        "size_bytes": upload.size_bytes, "offset_bytes": upload.offset_bytes, "status": upload.status,
        "error_code": upload.error_code, "declared_sha256": upload.declared_sha256, "sha256": upload.sha256,
        "created_at": upload.created_at.isoformat(), "expires_at": upload.expires_at.isoformat(),
    }  # fmt: skip


def head(asked: Asked, upload: UUID) -> HttpResponse:
    """Where to go on."""
    protocol.check_version(asked.request.headers)
    found = upload_get(person=asked.person, upload_id=upload)
    receiving.check_is_open(found)
    found = receiving.upload_settle(upload=found)
    response = _placed(HttpResponse(), found)
    response["Upload-Length"] = str(found.size_bytes)
    response["Upload-Metadata"] = protocol.encoded(
        filename=found.file_name, purpose=found.purpose, target=found.target, sha256=found.declared_sha256
    )
    return response


def append(asked: Asked, upload: UUID) -> HttpResponse:
    """Takes a chunk."""
    protocol.check_version(asked.request.headers)
    protocol.check_type(asked.request.content_type)
    offset = protocol.whole_number(asked.request.headers, "Upload-Offset")
    found = upload_get(person=asked.person, upload_id=upload)
    return _placed(HttpResponse(status=204), _append_body(asked.request, found, offset))


def _append_body(request: HttpRequest, upload: Upload, offset: int) -> Upload:
    length, checksum = protocol.body_length(request.headers), protocol.checksum(request.headers)
    with _slot():
        return receiving.upload_append(upload=upload, offset=offset, source=request, length=length, checksum=checksum)


def terminate(asked: Asked, upload: UUID) -> HttpResponse:
    protocol.check_version(asked.request.headers)
    found = upload_get(person=asked.person, upload_id=upload)
    receiving.upload_discard(upload=found, by=asked.person.email)
    return HttpResponse(status=204)
