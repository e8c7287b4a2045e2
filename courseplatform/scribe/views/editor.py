"""Writing the notes: the editor, its live preview, saving by itself, images, import."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core import image_files
from courseplatform.core.errors import AppError
from courseplatform.core.markdown import MOST_CHARACTERS
from courseplatform.courses.access import Visit, course_page
from courseplatform.scribe.errors import EditedMeanwhile
from courseplatform.scribe.forms import ImportForm, number_of, tab_of, uploaded
from courseplatform.scribe.models import ScribeDuty
from courseplatform.scribe.selectors import duties, notes
from courseplatform.scribe.services import drafts, images


def _page(
    request: HttpRequest, duty: ScribeDuty, text: str, edition: int, error: AppError | None = None, **more: Any
) -> HttpResponse:
    now = timezone.now()
    context = {
        "duty": duty, "text": text, "edition": edition, "tab": tab_of(request.POST.get("tab")) or uuid4(), "error": error,
        "names": duties.names_of(duty), "badge": duties.state_badge(duty, now), "late": duties.late_badge(duty), "now_is": now,
        "is_late_now": bool(duty.due_at and duty.due_at < now), "most": MOST_CHARACTERS,
    }  # fmt: skip
    context |= notes.editor(duty, text) | more
    return render(request, "scribe/editor.html", context, status=error.http_status if error else 200)


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    """The editor. Each button of its form works without a script; a refusal shows the page again with what was typed."""
    found = duties.duty_to_work_on(visit, duty)
    if not duties.is_scribe(found, visit.person):
        return HttpResponseRedirect(found.page("review"))
    if request.method != "POST":
        return _page(request, found, found.text, found.edition)
    text, edition, act = (
        request.POST.get("text", ""),
        number_of(request.POST.get("edition")),
        request.POST.get("act", "save"),
    )
    if act == "preview":
        return _page(request, found, text, edition, is_unsaved=text != found.text)
    try:
        said = _act(visit, found, act, text, edition, tab_of(request.POST.get("tab")))
    except EditedMeanwhile as error:
        theirs = error.duty
        return _page(request, found, text, theirs.edition, error, theirs=theirs)
    except AppError as error:
        return _page(request, found, text.replace("\0", "\ufffd"), edition, error)
    messages.success(request, said)
    return HttpResponseRedirect(found.page("edit"))


def _act(visit: Visit, duty: ScribeDuty, act: str, text: str, edition: int, tab: UUID | None) -> str:
    """What a button of the form does, and what is said then."""
    if act == "theirs":
        drafts.text_keep(visit=visit, duty=duty, text=text)
        return "The saved text goes on. Yours is kept below, under earlier texts."
    row = drafts.draft_save(visit=visit, duty=duty, text=text, edition=edition, tab=tab, keeps=act == "mine")
    if act == "hand_in":
        version = drafts.note_hand_in(visit=visit, duty=duty, edition=row.edition)
        return f"Round {version.round} is handed in. Staff were told; you can hand in again."
    return "Saved. The other text is kept below, under earlier texts." if act == "mine" else "Saved."


@course_page()
@require_POST
def save(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    """Saving by itself: JSON in both directions."""
    found = duties.duty_of_scribe(visit, duty)
    try:
        row = drafts.draft_save(
            visit=visit, duty=found, text=request.POST.get("text", ""), edition=number_of(request.POST.get("edition")),
            tab=tab_of(request.POST.get("tab")),
        )  # fmt: skip
    except AppError as error:
        return JsonResponse(error.to_json(), status=error.http_status)
    return JsonResponse(
        {"edition": row.edition, "saved_at": f"{timezone.localtime(row.saved_at or timezone.now()):%H:%M:%S}"}
    )


@course_page()
@require_POST
def preview(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    found = duties.duty_to_work_on(visit, duty)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    return render(request, "scribe/_preview.html", {"duty": found, **notes.preview(found, text)})


@course_page()
@require_safe
def kept(request: HttpRequest, visit: Visit, duty: int, version: int) -> HttpResponse:
    """An earlier text, to read and to copy from."""
    found = duties.duty_to_work_on(visit, duty)
    return render(request, "scribe/kept.html", {"duty": found, "version": notes.kept_get(found, version)})


@course_page()
@require_POST
def image_add(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    found = duties.duty_of_scribe(visit, duty)
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        file = uploaded(request, "image", image_files.MOST_BYTES)
        if file is None:
            raise image_files.no_image()
        name = request.POST.get("name", "").strip() or file[0]
        image = images.image_add(visit=visit, duty=found, name=name, content=file[1])
    except AppError as error:
        if wants_json:
            return JsonResponse(error.to_json(), status=error.http_status)
        return _page(request, found, found.text, found.edition, error)
    if wants_json:
        return JsonResponse({"name": image.name, "markdown": f"![]({image.name.replace(' ', '%20')})"}, status=201)
    messages.success(request, f"{image.name} is attached. Show it with ![what it shows]({image.name}).")
    return HttpResponseRedirect(found.page("edit") + "#images")


@course_page()
@require_POST
def image_remove(request: HttpRequest, visit: Visit, duty: int, image: UUID) -> HttpResponse:
    found = duties.duty_of_scribe(visit, duty)
    images.image_remove(duty=found, image=notes.own_image(found, image))
    messages.success(request, "The image is taken out. Rounds that were handed in still show it.")
    return HttpResponseRedirect(found.page("edit") + "#images")


@course_page()
@require_http_methods(["GET", "HEAD", "POST"])
def import_text(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    """Bring in a note from a pull request: pasted, as a file, or as a zip with its images."""
    found = duties.duty_to_work_on(visit, duty)
    error: AppError | None = None
    if request.method == "POST":
        try:
            form = ImportForm.of(request)
            drafts.draft_import(visit=visit, duty=found, text=form.text, source=form.source, images=form.images)
        except AppError as refused:
            error = refused
        else:
            unused = f" Not used: {', '.join(form.unused[:5])}." if form.unused else ""
            messages.success(
                request,
                f"{form.source.file_name or 'The text'} is imported with {len(form.images)} images.{unused} The text before is kept.",
            )
            return HttpResponseRedirect(
                found.page("edit") if duties.is_scribe(found, visit.person) else found.page("import")
            )
    context = {"duty": found, "error": error, "sent": request.POST, "is_scribe": duties.is_scribe(found, visit.person)}
    return render(request, "scribe/import.html", context, status=error.http_status if error else 200)
