"""The desk of an assignment: its parts are put there, looked at, and taken away."""

from uuid import UUID

import structlog
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import PDF, serve_stored
from courseplatform.core.errors import AppError
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from grading.forms.parts import part_sent
from grading.handing_in.hand_in_rules import owner_of
from grading.selectors.assignments import assignment_get
from grading.selectors.desk import part_get, part_title, piece_get, piece_page
from grading.services.handing_in import part_arrived
from grading.services.pieces import piece_remove
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
        with part_sent(request, person=visit.person, assignment=found, part=wanted, now=timezone.now()) as sent:
            piece, handed = part_arrived(person=visit.person, assignment=found, part=wanted, sent=sent)
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


@course_page()
@require_POST
def remove(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponse:
    found = piece_get(visit, piece)
    owner = owner_of(person=visit.person, assignment=found.assignment, now=timezone.now())
    piece_remove(owner=owner, piece=found)
    name = found.file_name or part_title(found)
    messages.success(request, f"{name} is taken away. What was handed in with it keeps it.")
    return HttpResponseRedirect(found.assignment.get_absolute_url())


@course_page()
@csp_update({"frame-src": ["'self'", *settings.OF_CONTENT]})  # type: ignore[untyped-decorator]
@require_safe
def detail(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponse:
    return render(request, "grading/piece.html", piece_page(visit, piece_get(visit, piece)))


@course_page()
@require_safe
def file(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """The piece to be saved: its file as it arrived, a table as CSV, words as text."""
    found = piece_get(visit, piece)
    if found.file_name:  # as it came; one that was deleted since is refused with the day
        return serve_stored(request, found.file, name=found.file_name)
    name = f"{found.assignment.slug}-{found.part}"
    if found.kind == "table":
        return csv_response(f"{name}.csv", found.data["columns"], found.data["rows"])
    if found.kind == "contributions":
        return csv_response(f"{name}.csv", ["Name", "Did"], [[row["name"], row["did"]] for row in found.data["rows"]])
    response = HttpResponse(f"{found.text}\n", content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.txt"'
    return response


@course_page()
@xframe_options_sameorigin
@require_safe
def pdf(request: HttpRequest, visit: Visit, piece: UUID) -> HttpResponseBase:
    """A PDF for the browser's own viewer, which opens it apart from our pages; of another piece its page."""
    found = piece_get(visit, piece)
    if found.kind != "pdf":
        return HttpResponseRedirect(found.get_absolute_url())
    return serve_stored(request, found.file, name=found.file_name, media_type=PDF, is_inline=True)
