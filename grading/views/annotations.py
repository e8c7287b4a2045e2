"""A report for the viewer in the page, and the notes in it: read by those whose they are, written by the staff."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import PDF, serve_stored
from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from grading.forms.annotations import NoteForm
from grading.models.pieces import Piece
from grading.selectors.annotations import note_get, notes_of
from grading.selectors.desk import piece_get
from grading.services import annotations as services


@course_page()
@require_safe
def report(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """The bytes of a PDF for the viewer in our pages: under a name that tells nothing, and never opened by the browser itself."""
    found = piece_get(visit, piece)
    if found.kind != "pdf":
        return HttpResponseRedirect(found.get_absolute_url())
    return serve_stored(request, found.file, name="report.pdf", media_type=PDF)


@course_page()
@require_safe
def notes(request: HttpRequest, visit: Visit, piece: UUID) -> JsonResponse:
    return _all(request, visit, piece_get(visit, piece))


@course_page(STAFF)
@require_POST
def add(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """With JavaScript the answer is all notes as JSON, without it the page of the report."""
    found = piece_get(visit, piece)
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        form = NoteForm.of(request.POST)
        row, _ = services.annotation_add(
            visit=visit, piece=found, page=form.page, kind=form.kind, boxes=form.boxes, text=form.text, quote=form.quote,
            item=form.item, entry_key=form.entry_key,
        )  # fmt: skip
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        raise
    if wants_json:
        return _all(request, visit, found)
    messages.success(request, f"Note {row.number} is in the report")
    return HttpResponseRedirect(f"{found.get_absolute_url()}#notes")


@course_page(STAFF)
@require_POST
def change(request: HttpRequest, visit: Visit, piece: UUID, note: int, act: str) -> JsonResponse:
    """edit, remove, restore."""
    found = piece_get(visit, piece)
    row = note_get(visit, found, note)
    try:
        if act == "edit":
            form = NoteForm.of(request.POST)
            services.annotation_edit(
                visit=visit, annotation=row, text=form.text, item=form.item, revision=form.revision
            )
        elif act == "remove":
            services.annotation_remove(visit=visit, annotation=row)
        else:
            services.annotation_restore(annotation=row)
    except AppError as error:
        return JsonResponse(error.to_json(), status=error.http_status)
    return _all(request, visit, found)


def _all(request: HttpRequest, visit: Visit, piece: Piece) -> JsonResponse:
    """The notes as facts, which the viewer draws, and as the list of the page, which it puts in its place."""
    found = notes_of(visit, piece)
    context = {"notes": found, "may_write": visit.is_staff, "visit": visit}
    html = render_to_string("grading/desk/_report_notes.html", context, request)
    return JsonResponse({"notes": found, "html": html}, headers={"Cache-Control": "no-store"})
