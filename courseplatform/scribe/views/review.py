"""Reviewing the notes, and the page on which they are read."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import AppError, BadInput, NotHere
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page
from courseplatform.courses.models import STAFF
from courseplatform.scribe.forms import number_of
from courseplatform.scribe.models import RequestStatus, ScribeDuty
from courseplatform.scribe.selectors import duties, notes
from courseplatform.scribe.services import review as writing


def _page(
    request: HttpRequest,
    visit: Visit,
    duty: ScribeDuty,
    round_number: str,
    error: AppError | None = None,
    line: str = "",
) -> HttpResponse:
    version = notes.version_get(duty, round_number)
    now = timezone.now()
    context: dict[str, Any] = {
        "duty": duty, "names": duties.names_of(duty), "badge": duties.state_badge(duty, now), "late": duties.late_badge(duty), "error": error,
        "version": None, "line": line, "typed": request.POST.get("text", "") if error else "",
    }  # fmt: skip
    if version is not None:
        context |= notes.review(visit, duty, version)
    return render(request, "scribe/review.html", context, status=error.http_status if error else 200)


@course_page()
@require_safe
def review(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    found = duties.duty_to_work_on(visit, duty)
    return _page(request, visit, found, request.GET.get("round", ""), line=request.GET.get("line", ""))


@course_page(STAFF)
@require_POST
def decide(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    """Ask for a change, send back, approve, publish: one form, because a request that was typed goes with each of them."""
    found = duties.duty_get(visit, duty)
    sent, act = request.POST, request.POST.get("act", "")
    version = notes.version_get(found, sent.get("round", ""))
    if version is None:
        raise NotHere("Nothing was handed in yet.")
    try:
        with transaction.atomic():  # what was typed is recorded with the decision or not at all
            if sent.get("text", "").strip() or act == "add":
                writing.request_create(
                    visit=visit, version=version, line=_line(sent.get("line", "")), text=sent.get("text", "")
                )
            said = _act(visit, found, version, act, sent)
    except AppError as error:
        # What was typed stays; a line of an earlier round would be another one in the last.
        is_old = error.code == "newer_round"
        return _page(
            request,
            visit,
            found,
            "" if is_old else sent.get("round", ""),
            error,
            line="" if is_old else sent.get("line", ""),
        )
    messages.success(request, said)
    return HttpResponseRedirect(found.page("review"))


def _line(value: str) -> int:
    if not value.strip():
        return 0
    line = number_of(value)
    if line < 0:
        raise BadInput("The line is a number, or empty for the whole note.", code="no_such_line")
    return line


def _act(visit: Visit, duty: ScribeDuty, version: Any, act: str, sent: Any) -> str:
    if act == "add":
        return "Noted. The scribes see it when you ask for changes, or at once if they look."
    if act == "ask":
        writing.changes_ask(visit=visit, version=version)
        return "Sent back to the scribes with what is open."
    if act == "approve":
        publishes = sent.get("publish") == "on"
        writing.note_approve(
            visit=visit, version=version, has_full_credit=sent.get("credit") == "on", publishes=publishes
        )
        return "Approved and published." if publishes else "Approved. Publish it when you like."
    if act == "publish":
        writing.note_publish(visit=visit, duty=duty)
        return "Published on the schedule."
    if act == "unpublish":
        writing.note_unpublish(visit=visit, duty=duty)
        return "Taken off the schedule. It stays approved."
    raise BadInput("This page is out of date. Reload it, and choose again.", code="unknown_act")


STEPS = {"done": RequestStatus.DONE, "open": RequestStatus.OPEN, "confirm": RequestStatus.CONFIRMED}


@course_page()
@require_POST
def request_answer(request: HttpRequest, visit: Visit, duty: int, number: int) -> HttpResponse:
    """Reply to a request, say that it is done; staff confirm it or open it again."""
    found = duties.duty_to_work_on(visit, duty)
    asked, act = notes.request_get(found, number), request.POST.get("act", "reply")
    if act == "confirm" and not visit.is_staff:
        raise NotHere("A request is confirmed by the staff.")
    try:
        if act == "reply":
            writing.request_reply(visit=visit, request=asked, text=request.POST.get("reply", ""))
        else:
            writing.request_move(
                visit=visit, request=asked, to=STEPS.get(act, RequestStatus.OPEN), text=request.POST.get("reply", "")
            )
    except BadInput as error:
        return _page(request, visit, found, "", error)
    return HttpResponseRedirect(f"{found.page('review')}#request-{asked.number}")


@public_course_page
@require_safe
def note(request: HttpRequest, reader: Reader, duty: int) -> HttpResponse:
    """The published notes; for members before that, how far they are."""
    found, now = duties.duty_get(reader, duty), timezone.now()
    context = {
        "duty": found, "names": duties.names_of(found), "badge": duties.state_badge(found, now), "reader": reader,
        "is_scribe": reader.visit is not None and duties.is_scribe(found, reader.visit.person),
    } | notes.note_page(reader, found, now)  # fmt: skip
    return render(request, "scribe/note.html", context)


@public_course_page
@require_safe
def image(request: HttpRequest, reader: Reader, duty: int, image: UUID) -> HttpResponseBase:
    """An image as what its bytes are, and as nothing else."""
    found = notes.image_get(reader, duties.duty_get(reader, duty), image)
    return serve_stored(request, found.file, name=f"figure.{found.ending}", media_type=found.media_type, is_inline=True)
