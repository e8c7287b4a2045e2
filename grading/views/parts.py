"""The desk of an assignment: its parts are put there, looked at, and taken away."""

from uuid import UUID

import structlog
from csp.decorators import csp_update
from django.contrib import messages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, NotHere, Unavailable
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.teams.selectors.membership import members_at
from grading import piece_reading as reading
from grading.forms import FileForm, check_envelope
from grading.hand_in_rules import owner_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.parts import Part
from grading.selectors.assignments import assignment_get
from grading.selectors.desk import part_get, piece_get, piece_page
from grading.services.handing_in import desk_hand_in
from grading.services.pieces import piece_put, piece_remove
from grading.upload_purpose import PART, part_target_of
from grading.views.assignments import lab_page

log = structlog.get_logger(__name__)


@course_page()
@require_POST
def put(request: HttpRequest, visit: Visit, assignment: str, part: str) -> HttpResponse:
    """Puts a part on the desk. With JavaScript the answer is JSON, without it a page; both say the same."""
    found = assignment_get(visit, assignment)
    wanted = part_get(found, part)
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        piece = _put(request, visit, found, wanted)
        handed = desk_hand_in(person=visit.person, assignment=found, key=piece.pk) if wanted.kind != "models" else None
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        typed = {"part": wanted.key, "values": request.POST}
        return render(
            request, "grading/assignment.html", lab_page(visit, found, error, typed), status=error.http_status
        )
    if handed is not None:
        url = handed.get_absolute_url()
    else:
        if not wants_json:
            messages.success(request, f"{wanted.title} is saved.")
        url = f"{found.get_absolute_url()}?put={piece.pk}#part-{wanted.key}"
    return JsonResponse({"url": url, "piece": str(piece.pk)}) if wants_json else HttpResponseRedirect(url)


def _put(request: HttpRequest, visit: Visit, assignment: Assignment, part: Part) -> Piece:
    now = timezone.now()
    owner = owner_of(person=visit.person, assignment=assignment, now=now)
    if not part.is_file:
        content = _written(request, owner, part)
        return piece_put(owner=owner, assignment=assignment, part=part, content=content)[0]
    form = FileForm.of(request, "file")
    target = part_target_of(assignment, part)
    with form.arrived(person=visit.person, purpose=PART, target=target, now=now) as file:
        known = Piece.objects.filter(person=visit.person, upload_key=file.upload_key).first()
        if known is not None:
            return known  # the same click again: its file is used up
        content = reading.read_file(assignment, part, file.upload, _named(request.POST, "label-"))
        return piece_put(
            owner=owner, assignment=assignment, part=part, content=content, upload_key=file.upload_key, now=file.at
        )[0]


def _named(post: QueryDict, prefix: str) -> dict[str, str]:
    """The fields whose names begin alike, by the rest of their names."""
    return {key.removeprefix(prefix): str(post[key]) for key in post if key.startswith(prefix)}


def _written(request: HttpRequest, owner: Owner, part: Part) -> reading.Content:
    """What was written into the page, for a part that is no file."""
    text = request.POST.get("text", "")
    if part.kind == "statement":
        return reading.read_statement(text)
    if part.kind == "link":
        return reading.read_link(part, text)
    if part.kind == "table":
        if request.content_type == "multipart/form-data":
            check_envelope(request)
        return reading.read_table(part, _table_file(request, part) or text)
    if part.kind == "contributions":
        members = members_at(owner.team) if owner.team else [owner.person]
        return reading.read_contributions(part, members, _named(request.POST, "did-"))
    return reading.read_text(part, text)


def _table_file(request: HttpRequest, part: Part) -> str:
    upload = request.FILES.get("file")
    if upload is None:
        return ""
    if (upload.size or 0) > reading.MOST_TABLE_BYTES:
        raise reading.bad(part, "A table has at most 1 MiB. Choose a smaller CSV file.", "table_too_large", "file")
    try:
        return str(upload.read(), "utf-8-sig")
    except UnicodeDecodeError as error:
        said = "This file is no text in UTF-8. Save it as CSV (UTF-8), or paste the table."
        raise reading.bad(part, said, "not_utf8", "file") from error


@course_page()
@require_POST
def remove(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponse:
    found = piece_get(visit, piece)
    owner = owner_of(person=visit.person, assignment=found.assignment, now=timezone.now())
    piece_remove(owner=owner, piece=found)
    part = part_get(found.assignment, found.part)
    messages.success(request, f"{found.file_name or part.title} is taken away. What was handed in with it keeps it.")
    return HttpResponseRedirect(found.assignment.get_absolute_url())


@course_page()
@csp_update({"frame-src": "'self'"})  # type: ignore[untyped-decorator]
@require_safe
def detail(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponse:
    return render(request, "grading/piece.html", piece_page(visit, piece_get(visit, piece)))


@course_page()
@require_safe
def file(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """The file as it arrived, to be saved."""
    found = piece_get(visit, piece)
    return _stored(found, as_attachment=True, content_type="application/octet-stream")


@course_page()
@xframe_options_sameorigin
@require_safe
def pdf(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """A PDF for the browser's own viewer, which opens it apart from our pages."""
    found = piece_get(visit, piece)
    if found.kind != "pdf":
        raise NotHere("This part is no PDF.")
    response = _stored(found, as_attachment=False, content_type="application/pdf")
    response["Content-Security-Policy"] = (
        "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response


def _stored(piece: Piece, *, as_attachment: bool, content_type: str) -> FileResponse:
    """Raises NotHere where the part holds no file, Unavailable where our disk does not give it."""
    if not piece.file:
        raise NotHere("This part holds no file.")
    try:
        content = piece.file.open("rb")
    except OSError as error:
        log.error("piece_not_readable", piece=str(piece.pk), why=str(error))  # noqa: TRY400 one line
        raise Unavailable("Our disk does not give this file now. Staff were told.", code="storage_failed") from error
    return FileResponse(content, as_attachment=as_attachment, filename=piece.file_name, content_type=content_type)


@course_page()
@require_safe
def table_csv(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponse:
    found = piece_get(visit, piece)
    if found.kind != "table":
        raise NotHere("This part is no table.")
    return csv_response(f"{found.assignment.slug}-{found.part}.csv", found.data["columns"], found.data["rows"])
