"""A new course: from a template, from a course of one's own, or from a file; looked at, then made as a draft."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.courses import new_course
from courseplatform.courses.access import course_makers
from courseplatform.courses.course_file.reading import MOST_BYTES, FileError, Finding
from courseplatform.courses.course_file.service import Plan, plan_import, sign_of
from courseplatform.courses.new_course import FILE, Source
from courseplatform.courses.new_form import NewCourseForm
from courseplatform.courses.services.courses import course_make, slug_taken


@course_makers
def new(request: HttpRequest, person: User) -> HttpResponse:
    """First the choice of what to begin from, then the form with its preview. `do` says what a form asks for: open, show or make."""
    if request.method != "POST":
        key = request.GET.get("from", "")
        if not key or key == FILE:
            return _choice(request, person)
        source, _ = new_course.source_of(person, key)
        return _form(request, source, NewCourseForm.of(source))
    key = request.POST.get("from", "")
    try:
        content = _sent(request) if key == FILE else b""
        source, content = new_course.source_of(person, key, content)
    except FileError as error:
        return _choice(request, person, error.findings, request.POST.get("text", ""))
    if request.POST.get("do") == "open":
        return _form(request, source, NewCourseForm.of(source, content.decode("utf-8", "replace")))
    return _filled_in(request, person, source, content)


def _sent(request: HttpRequest) -> bytes:
    """Raises FileError where neither a file nor a text was sent."""
    upload = request.FILES.get("file")
    content = upload.read(MOST_BYTES + 1) if upload else request.POST.get("text", "").replace("\r\n", "\n").encode()
    if not content.strip():
        raise FileError([Finding(1, "empty", "No file was chosen, and no text was sent.")])
    return content


def _filled_in(request: HttpRequest, person: User, source: Source, content: bytes) -> HttpResponse:
    """The preview; or the course, where `make` comes with the sign of the preview that stands on the page."""
    form = NewCourseForm(source, request.POST)
    if not form.is_valid():
        return _form(request, source, form, status=422)
    data = form.cleaned_data
    try:
        plan = plan_import(
            content, shift_to=data["first_day"], slug=data["slug"], title=data["title"], term=data["term"]
        )
        if not plan.is_new:
            raise slug_taken(plan.slug)
        if request.POST.get("do") != "make":
            return _form(request, source, form, plan)
        if request.POST.get("seen") != sign_of(plan):
            form.add_error(
                None, "What would be made has changed since you looked at it. Nothing is made; look at it again."
            )
            return _form(request, source, form, plan, status=409)
        course = course_make(person=person, plan=plan)
    except FileError as error:
        return _form(request, source, form, findings=error.findings, status=422)
    except AppError as error:
        form.add_error("slug" if error.code in ("slug_taken", "course_in_use") else None, error.message)
        return _form(request, source, form, status=error.http_status)
    messages.success(request, f"{course.name} is made, as a draft that only its staff see.")
    return redirect(course)


def _choice(request: HttpRequest, person: User, findings: list[Finding] | None = None, text: str = "") -> HttpResponse:
    context = {
        "templates": new_course.templates(),
        "own": new_course.own_courses(person),
        "refused": findings or [],
        "text": text,
    }
    return render(request, "courses/new.html", context, status=422 if findings else 200)


def _form(
    request: HttpRequest,
    source: Source,
    form: NewCourseForm,
    plan: Plan | None = None,
    findings: list[Finding] | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"source": source, "form": form, "refused": findings or []}
    if plan is not None:
        context |= {"outlook": new_course.outlook(plan, source), "seen": sign_of(plan)}
    return render(request, "courses/new_form.html", context, status=status)
