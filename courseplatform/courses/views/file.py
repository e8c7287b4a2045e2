"""The course file in the browser: taken down, looked through before it is taken, and taken."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses import public_pages
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.course_file.reading import MOST_BYTES, FileError, Finding
from courseplatform.courses.course_file.service import Plan, course_import, export_text, plan_import
from courseplatform.courses.models import Course, Role

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(INSTRUCTORS)
@require_safe
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "courses/file.html", {"findings": public_pages.findings(visit.course)})


@course_page(INSTRUCTORS)
@require_safe
def download(request: HttpRequest, visit: Visit) -> HttpResponse:
    response = HttpResponse(export_text(visit.course), content_type="application/yaml; charset=utf-8")
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
    return render(request, "courses/file_preview.html", {"plan": plan, "held": export_text(visit.course)})


def _plan(course: Course, content: bytes) -> Plan:
    """Raises FileError, also for the file of another course: this page changes one course only."""
    if not content.strip():
        raise FileError([Finding(1, "empty", "No file was chosen, and no text was sent.")])
    plan = plan_import(content)
    if plan.slug != course.slug:
        said = f"This is the file of {plan.slug}; this page takes {course.slug} only. Change course.slug, or import it with manage.py import_course."
        raise FileError([Finding(1, "another_course", said)])
    return plan


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
    """Takes the text that was looked through, if the course is still what it was compared with."""
    text, held = request.POST.get("text", ""), request.POST.get("held", "")
    if held.replace("\r\n", "\n") != export_text(visit.course):
        said = "The course was changed while you looked at the preview, so nothing was taken. Send the file again to see what it changes now."
        raise Conflict(said, code="changed_meanwhile")
    try:
        plan = _plan(visit.course, text.replace("\r\n", "\n").encode())
    except FileError as error:
        raise BadInput(error.findings[0].sentence, code=error.findings[0].code) from error
    _, kept = course_import(plan=plan, by=visit.by)
    messages.success(request, " ".join([f"{len(plan.changes)} changes were taken.", *kept]))
    return redirect("courses:file", course=visit.course.slug)
