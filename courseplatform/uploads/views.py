"""The tus protocol at /uploads/, for the browser and for any tus client. Answers to refusals are JSON: programs read them first."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.audience import Audience, declare
from courseplatform.core.error_pages import wants_json
from courseplatform.core.errors import AppError, Unavailable
from courseplatform.uploads import protocol
from courseplatform.uploads.errors import SignedOut
from courseplatform.uploads.models import Upload
from courseplatform.uploads.selectors import upload_get, uploads_open
from courseplatform.uploads.services import receiving

Answer = Callable[..., HttpResponse]


def tus(methods: dict[str, Answer]) -> Any:
    """A view of the signed-in person whose answers are those of the protocol, whatever is wrong."""

    def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        method = _method(request)
        if not request.user.is_authenticated and "Tus-Resumable" not in request.headers and not wants_json(request):
            return redirect_to_login(request.get_full_path())
        try:
            response = _answer(request, method, methods, **kwargs)
        except AppError as error:
            response = JsonResponse(error.to_json(), status=error.http_status)
            if error.http_status == Unavailable.http_status:
                response["Retry-After"] = "4"
        response["Tus-Resumable"] = response["Tus-Version"] = protocol.VERSION
        response["Cache-Control"] = "no-store"
        return response

    return declare(view, Audience.SIGNED_IN)


def _method(request: HttpRequest) -> str:
    """Proxies that know no PATCH are told by a header, as the protocol says."""
    override = request.headers.get("X-HTTP-Method-Override", "") if request.method == "POST" else ""
    return override.upper() or str(request.method)


def _answer(request: HttpRequest, method: str, methods: dict[str, Answer], **kwargs: Any) -> HttpResponse:
    if not isinstance(request.user, User):
        raise SignedOut("You are signed out. Sign in again in another tab, then go on here: what has arrived is kept.")
    if method not in methods:
        return HttpResponseNotAllowed(sorted(methods))
    if method not in ("OPTIONS", "GET"):
        protocol.check_version(request.headers)
    return methods[method](request, **kwargs)


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


def _options(request: HttpRequest, **_: Any) -> HttpResponse:
    response = HttpResponse(status=204)
    response["Tus-Extension"] = protocol.EXTENSIONS
    response["Tus-Max-Size"] = str(settings.MAX_UPLOAD_BYTES)
    response["Tus-Checksum-Algorithm"] = ",".join(receiving.CHECKSUMS)
    return response


def _create(request: HttpRequest) -> HttpResponse:
    """Announces a file; its first bytes may come along (creation-with-upload)."""
    found = protocol.announced(request.headers)
    upload = receiving.upload_create(
        person=_person(request), purpose=found.purpose, target=found.target, file_name=found.file_name,
        size_bytes=found.size_bytes, declared_sha256=found.declared_sha256,
    )  # fmt: skip
    if request.content_type == protocol.BODY:
        upload = _append_body(request, upload, 0)
    response = JsonResponse({"id": str(upload.pk)}, status=201)
    response["Location"] = reverse("uploads:resource", kwargs={"upload": upload.pk})
    return _placed(response, upload)


def _list(request: HttpRequest) -> HttpResponse:
    """What of this person's is on its way to one target."""
    purpose, target = (request.GET.get(name, "").replace("\0", "") for name in ("purpose", "target"))
    found = uploads_open(person=_person(request), purpose=purpose, target=target, now=timezone.now())
    for row in found:
        row["url"] = reverse("uploads:resource", kwargs={"upload": row["id"]})
    return JsonResponse({"uploads": found})


def _head(request: HttpRequest, upload: UUID) -> HttpResponse:
    found = upload_get(person=_person(request), upload_id=upload)
    receiving.check_is_open(found)
    found = receiving.upload_settle(upload=found)
    response = _placed(HttpResponse(), found)
    response["Upload-Length"] = str(found.size_bytes)
    response["Upload-Metadata"] = protocol.encoded(
        filename=found.file_name, purpose=found.purpose, target=found.target, sha256=found.declared_sha256
    )
    return response


def _append(request: HttpRequest, upload: UUID) -> HttpResponse:
    protocol.check_type(request.content_type)
    offset = protocol.whole_number(request.headers, "Upload-Offset")
    found = upload_get(person=_person(request), upload_id=upload)
    return _placed(HttpResponse(status=204), _append_body(request, found, offset))


def _append_body(request: HttpRequest, upload: Upload, offset: int) -> Upload:
    length, checksum = protocol.body_length(request.headers), protocol.checksum(request.headers)
    with _slot():
        return receiving.upload_append(upload=upload, offset=offset, source=request, length=length, checksum=checksum)


def _terminate(request: HttpRequest, upload: UUID) -> HttpResponse:
    person = _person(request)
    receiving.upload_discard(upload=upload_get(person=person, upload_id=upload), by=person.email)
    return HttpResponse(status=204)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # _answer has asked
    return request.user


collection = tus({"OPTIONS": _options, "POST": _create, "GET": _list})
resource = tus({"OPTIONS": _options, "HEAD": _head, "PATCH": _append, "DELETE": _terminate})
