"""Announcements: read by those they are for, written by the staff."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Reader, Visit, course_page, public_course_page
from courseplatform.courses.models import STAFF
from courseplatform.courses.zones import zone_words
from courseplatform.notices.forms import LONGEST_TEXT, AnnouncementForm
from courseplatform.notices.models.announcements import Announcement, AnnouncementStatus
from courseplatform.notices.selectors import announcements as reading
from courseplatform.notices.selectors.notifications import page_number
from courseplatform.notices.selectors.surveys import survey_rows
from courseplatform.notices.services import announcements as writing

TEMPLATE = "notices/announcement_form.html"


@public_course_page
@require_safe
def index(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Whoever reads publishes what is due: nothing is late because a worker was down."""
    now = timezone.now()
    writing.announcements_publish_due(course=reader.course, now=now)
    context = {
        "page": reading.announcement_page(reader, number=page_number(request.GET.get("page", "1"))),
        "reader": reader,
        "surveys": survey_rows(reader.visit, now) if reader.visit else [],
    }
    return render(request, "notices/announcements.html", context)


@public_course_page
@require_safe
def detail(request: HttpRequest, reader: Reader, announcement: int) -> HttpResponse:
    writing.announcements_publish_due(course=reader.course)
    found = reading.announcement_get(reader, announcement)
    context = {"row": reading.row_of(found, is_staff=reader.is_staff, whole=True), "reader": reader}
    return render(request, "notices/announcement.html", context)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = AnnouncementForm(request.POST or None, course=visit.course, now=timezone.now())
    if request.method != "POST":
        return render(request, TEMPLATE, _page(form, {"audience": "everybody", "when": "now", "made_with": uuid4()}))
    if "preview" in request.POST or not form.is_valid():
        return _shown_again(request, form)
    made = writing.announcement_create(
        visit=visit, draft=form.draft(), made_with=form.cleaned_data["made_with"] or uuid4()
    )
    is_out = made.status == AnnouncementStatus.PUBLISHED
    messages.success(
        request, "Published, and on its way by mail." if is_out else "Scheduled. It can be changed until then."
    )
    return redirect(made)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, visit: Visit, announcement: int) -> HttpResponse:
    found = reading.announcement_get(visit, announcement)
    was_published = found.status == AnnouncementStatus.PUBLISHED
    form = AnnouncementForm(request.POST or None, course=visit.course, now=timezone.now(), was_published=was_published)
    if request.method != "POST":
        return render(request, TEMPLATE, _page(form, _values(found), found) | _seen(found.text))
    if "preview" in request.POST or not form.is_valid():
        return _shown_again(request, form, found)
    revision = form.cleaned_data["revision"]
    try:
        writing.announcement_edit(
            visit=visit, announcement=found, draft=form.draft(), revision=-1 if revision is None else revision,
            tell_again=form.cleaned_data["tell_again"],
        )  # fmt: skip
    except Conflict as error:
        # Nothing typed is lost; saving again from this page is meant.
        form.add_error(None, error.message)
        return _shown_again(request, form, reading.announcement_get(visit, announcement), meanwhile=True)
    messages.success(request, "Saved.")
    return redirect(found)


def _seen(text: str) -> dict[str, Any]:
    return {"preview": render_markdown(text[:LONGEST_TEXT]), "is_preview": True}


def _values(found: Announcement) -> dict[str, Any]:
    names = (
        "title",
        "text",
        "audience",
        "is_public",
        "is_urgent",
        "is_pinned",
        "goes_out_on",
        "goes_out_at",
        "revision",
    )
    return {name: getattr(found, name) for name in names} | {"when": "later" if found.goes_out_on else "now"}


def _shown_again(
    request: HttpRequest, form: AnnouncementForm, found: Announcement | None = None, *, meanwhile: bool = False
) -> HttpResponse:
    """The form with what was typed: a preview, or what is wrong under each field."""
    values: dict[str, Any] = {name: request.POST.get(name, "") for name in form.fields}
    for name in ("is_public", "is_urgent", "is_pinned", "tell_again"):
        values[name] = name in request.POST
    if meanwhile and found is not None:
        values["revision"] = found.revision
    is_preview = "preview" in request.POST
    context = _page(form, values, found) | {
        "errors": {} if is_preview else form.errors,
        "general": [] if is_preview else form.non_field_errors(),
        "theirs": render_markdown(found.text) if meanwhile and found is not None else "",
    }
    if is_preview or values["text"]:
        context |= _seen(str(values["text"]))
    return render(request, TEMPLATE, context, status=200 if is_preview else 422)


def _page(form: AnnouncementForm, values: dict[str, Any], found: Announcement | None = None) -> dict[str, Any]:
    return {
        "zone": zone_words(form.course.zone or "UTC"),
        "values": values,
        "announcement": found,
        "was_published": form.was_published,
        "audiences": Announcement.Audience.choices,
        "errors": {},
    }


@course_page(STAFF)
@require_POST
def preview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The text as it will look, for the page's live part."""
    html = render_markdown(request.POST.get("text", "")[:LONGEST_TEXT])
    return render(request, "notices/_preview.html", {"preview": html})


@course_page(STAFF)
@require_POST
def withdraw(request: HttpRequest, visit: Visit, announcement: int) -> HttpResponse:
    writing.announcement_withdraw(visit=visit, announcement=reading.announcement_get(visit, announcement))
    messages.success(request, "Withdrawn. Mails that had gone out cannot be called back.")
    return _to_list(visit)


@course_page(STAFF)
@require_POST
def pin(request: HttpRequest, visit: Visit, announcement: int) -> HttpResponse:
    found = reading.announcement_get(visit, announcement)
    writing.announcement_pin(visit=visit, announcement=found, is_pinned=request.POST.get("pinned") == "1")
    return _to_list(visit)


def _to_list(visit: Visit) -> HttpResponse:
    return redirect("notices:announcements", course=visit.course.slug)
