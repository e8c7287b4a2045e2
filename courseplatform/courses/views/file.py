"""The course file in the browser: taken down, looked through before it is taken, and taken."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses import public_pages
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.course_file.copies import unmarked
from courseplatform.courses.course_file.editors import edit_rows
from courseplatform.courses.course_file.reading import MOST_BYTES, FileError, Finding
from courseplatform.courses.course_file.service import Plan, course_import, course_take_down, export_text, plan_import
from courseplatform.courses.models import Course, Role

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_safe
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    _, last = edit_rows(visit.course, [])
    return render(request, "courses/file.html", {"findings": public_pages.findings(visit.course), "last": last})


@course_page(INSTRUCTORS)
@require_safe
def download(request: HttpRequest, visit: Visit) -> HttpResponse:
    response = HttpResponse(course_take_down(course=visit.course), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{visit.course.slug}.yaml"'
    return response


@course_page(INSTRUCTORS)
@require_POST
def preview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the file would change, before anything is."""
    upload = request.FILES.get("file")
    content = upload.read(MOST_BYTES + 1) if upload else request.POST.get("text", "").encode()
    try:
        plan = _plan(visit.course, content)
    except FileError as error:
        return _refused(request, visit.course, content, error.findings)
    return _shown(request, visit, plan)


def _plan(course: Course, content: bytes, keep: tuple[str, ...] = ()) -> Plan:
    """Raises FileError, also for the file of another course: this page changes one course only."""
    if not content.strip():
        raise FileError([Finding(1, "empty", "No file was chosen, and no text was sent.")])
    plan = plan_import(content, keep=keep)
    if plan.slug != course.slug:
        said = f"This is the file of {plan.slug}; this page takes {course.slug} only. Change course.slug, or begin a new course with it."
        raise FileError([Finding(1, "another_course", said)])
    return plan


def _shown(
    request: HttpRequest,
    visit: Visit,
    plan: Plan,
    ticked: tuple[str, ...] | None = None,
    refused: FileError | None = None,
) -> HttpResponse:
    """The preview. First all edits of the pages are kept; what the file changes beside them is shown apart from them."""
    rows, last = edit_rows(visit.course, plan.edits, plan.taken_down)
    everything, own, apart = tuple(edit.key for edit in plan.edits), plan, refused
    if everything:
        try:
            own = _plan(visit.course, plan.text.encode(), everything)
        except FileError as error:
            apart = refused or error
    context = {
        "plan": plan,
        "own": own,
        "rows": rows,
        "last": last,
        "ticked": everything if ticked is None else ticked,
        "apart": apart.findings if apart else [],
        "held": export_text(visit.course),
    }
    return render(request, "courses/file_preview.html", context, status=422 if refused else 200)


def _refused(request: HttpRequest, course: Course, content: bytes, findings: list[Finding]) -> HttpResponse:
    """The text comes back to be mended in place, unless it is no text or more than a page can hold."""
    is_text = len(content) <= MOST_BYTES and all(finding.code != "not_utf" for finding in findings)
    context = {
        "findings": public_pages.findings(course),
        "refused": findings,
        "text": content.decode("utf-8", "replace") if is_text else "",
    }
    return render(request, "courses/file.html", context, status=422)


@course_page(INSTRUCTORS)
@require_POST
def apply(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Takes the text that was looked through, if the course is still what it was compared with, and leaves the edits that are ticked."""
    content, held = request.POST.get("text", "").replace("\r\n", "\n").encode(), request.POST.get("held", "")
    if unmarked(held.replace("\r\n", "\n")) != export_text(visit.course):
        said = "The course was changed while you looked at the preview, so nothing was taken. Send the file again to see what it changes now."
        raise Conflict(said, code="changed_meanwhile")
    ticked = tuple(request.POST.getlist("keep")) if request.POST.get("take") == "ticked" else ()
    try:
        whole = _plan(visit.course, content)
    except FileError as error:
        raise BadInput(error.findings[0].sentence, code=error.findings[0].code) from error
    if not {*ticked} <= {edit.key for edit in whole.edits}:
        raise BadInput(
            "One of the edits to keep is none that the file changes. Send the file again.", code="no_such_edit"
        )
    try:
        plan = _plan(visit.course, content, ticked) if ticked else whole
    except FileError as error:
        return _shown(request, visit, whole, ticked, error)
    _, kept = course_import(plan=plan, by=visit.by)
    messages.success(request, " ".join([_said(plan, len(ticked)), *kept]))
    return redirect("courses:file", course=visit.course.slug)


def _said(plan: Plan, kept: int) -> str:
    changes = len(plan.changes)
    taken = f"{changes} {'change was' if changes == 1 else 'changes were'} taken."
    return (
        f"{taken} {kept} {'edit' if kept == 1 else 'edits'} of the pages {'stays' if kept == 1 else 'stay'}."
        if kept
        else taken
    )
