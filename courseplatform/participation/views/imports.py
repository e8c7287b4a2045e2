"""Reading an export of Slack or Piazza, choosing what counts, saying who is who."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.participation.selectors import imports as reading
from courseplatform.participation.selectors.entry import students
from courseplatform.participation.services.imports import author_match, import_close, import_count, import_create


@course_page(STAFF)
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "participation/imports.html", {"imports": reading.imports(visit)})


@course_page(STAFF)
@require_POST
def read(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        upload, users = _uploads(request)
        batch, _ = import_create(
            visit=visit, upload=upload, users=users, question_channels=request.POST.get("channels", "")[:500]
        )
    except AppError as error:
        context = {
            "imports": reading.imports(visit),
            "error": error,
            "channels": request.POST.get("channels", "")[:500],
        }
        return render(request, "participation/imports.html", context, status=error.http_status)
    return redirect("participation:import", course=visit.course.slug, batch=batch.pk)


def _uploads(request: HttpRequest) -> tuple[Any, Any]:
    """The export and, for Piazza, the list of users. Raises BadInput (`no_file`, `broken_upload`), TooLarge or Unavailable."""
    try:
        found = request.FILES.get("export"), request.FILES.get("users")
    except (MultiPartParserError, UnreadablePostError) as error:
        raise BadInput(
            "The upload broke off before the last byte; nothing was imported. Send the file again.",
            code="broken_upload",
        ) from error
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    if found[0] is None:
        raise BadInput("Choose the export first: Slack's zip, or Piazza's zip or class_content.json.", code="no_file")
    return found


@course_page(STAFF)
@require_safe
def preview(request: HttpRequest, visit: Visit, batch: UUID) -> HttpResponse:
    context = reading.preview(reading.import_get(visit, batch), reading.CandidateFilter.of(request.GET))
    people = students(visit.course) if context["unmatched"] else []
    return render(request, "participation/import.html", context | {"students": people})


@course_page(STAFF)
@require_POST
def count(request: HttpRequest, visit: Visit, batch: UUID) -> HttpResponse:
    """The ticked ones, or everything that the filter shows."""
    found = reading.import_get(visit, batch)
    if request.POST.get("all"):
        chosen = reading.CandidateFilter.of(request.POST)
        keys = list(reading.candidates(found, chosen).values_list("pk", flat=True))
    else:
        keys = [
            int(key) for key in request.POST.getlist("candidate") if key.isascii() and key.isdigit() and len(key) < 18
        ]
    done = import_count(visit=visit, batch=found, candidates=keys)
    said = (
        f"{done} {'credit' if done == 1 else 'credits'} given" if keys else "Nothing was ticked, so nothing was counted"
    )
    messages.add_message(request, messages.SUCCESS if keys else messages.WARNING, said)
    return _back(visit, batch, request)


@course_page(STAFF)
@require_POST
def match(request: HttpRequest, visit: Visit, batch: UUID) -> HttpResponse:
    found = reading.import_get(visit, batch)
    author = reading.author_get(found, request.POST.get("author", ""))
    email = request.POST.get("email", "").strip().lower()
    person = next((student for student in students(visit.course) if student.email == email), None)
    if email and person is None:
        shown = email[:80]
        messages.warning(
            request, f"Nobody in this course has the address {shown}. Choose one from the list; nothing was changed."
        )
    else:
        author_match(visit=visit, author=author, person=person)
        messages.success(request, f"{author} is {person}" if person else f"{author} is matched to nobody")
    return _back(visit, batch, request)


@course_page(STAFF)
@require_POST
def close(request: HttpRequest, visit: Visit, batch: UUID) -> HttpResponse:
    found = reading.import_get(visit, batch)
    import_close(visit=visit, batch=found)
    messages.success(request, f"{found.get_kind_display()} import closed; what was not counted is forgotten")
    return redirect("participation:imports", course=visit.course.slug)


def _back(visit: Visit, batch: UUID, request: HttpRequest) -> HttpResponse:
    chosen = reading.CandidateFilter.of(request.POST)
    query = f"?show={chosen.show}" if chosen.show in reading.SHOWN else ""
    return HttpResponseRedirect(reverse("participation:import", args=[visit.course.slug, batch]) + query)
