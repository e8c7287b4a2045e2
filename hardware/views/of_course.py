"""The devices of a course, for its members: the shipped ones beside its own, which its instructors make, change and retire."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError, BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from hardware import comparing, course_devices
from hardware.forms import DeviceForm, FileForm, NewDeviceForm
from hardware.hooks import use_words
from hardware.models import CourseDevice
from hardware.profile_reading import (
    MOST_TEXT_BYTES,
    Fault,
    ProfileFaults,
    Values,
    profile_from_text,
    text_of,
    values_of,
)
from hardware.profiles import DeviceProfile, load_profiles, today_slug
from hardware.views.shipped import compared, csv_of, told

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FORM_METHODS = ["GET", "HEAD", "POST"]
NO_FILE = "No file was chosen, and no text was sent."


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = list(CourseDevice.objects.filter(course=visit.course))
    current = [row for row in rows if row.retired_at is None]
    profiles, here = course_devices.with_own(current), {"course": visit.course.slug}
    context = compared(profiles) | {
        "rows": comparing.device_rows(profiles, [row.slug for row in current]),
        "retired": [row for row in rows if row.retired_at is not None],
        "may_edit": visit.role == Role.INSTRUCTOR,
        "plot_url": reverse("hardware:plot", kwargs=here),
        "csv_url": reverse("hardware:csv", kwargs=here),
    }
    return render(request, "hardware/index.html", context)


@course_page()
@require_safe
def plot(request: HttpRequest, visit: Visit) -> HttpResponse:
    return JsonResponse(comparing.plot(course_devices.profiles_of(visit.course)))


@course_page()
@require_safe
def csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    return csv_of(course_devices.profiles_of(visit.course))


@course_page()
@require_safe
def device(request: HttpRequest, visit: Visit, device: str) -> HttpResponse:
    """Any device of the course, a shipped one or its own."""
    shipped = load_profiles().get(today_slug(device))
    if shipped is not None:
        return render(request, "hardware/device.html", told(shipped, visit.course))
    row = course_devices.device_of(visit.course, device)
    return render(
        request, "hardware/device.html", told(_readable(row), visit.course) | {"row": row, **_for_staff(visit, row)}
    )


def _readable(row: CourseDevice) -> DeviceProfile:
    """Raises NotHere: an older release wrote what this one cannot read."""
    try:
        return row.profile
    except ProfileFaults as error:
        raise NotHere(f"This device cannot be read any more: {error} An instructor can edit it.") from error


def _for_staff(visit: Visit, row: CourseDevice) -> dict[str, Any]:
    if visit.role != Role.INSTRUCTOR:
        return {}
    return {"may_edit": True, "used": use_words(visit.course, row.slug), "changes": list(row.changes.all()[:20])}


@course_page(INSTRUCTORS)
@require_safe
def file(request: HttpRequest, visit: Visit, own_device: str) -> HttpResponse:
    """Its file, to keep, or to send to another course."""
    row = course_devices.device_of(visit.course, own_device)
    response = HttpResponse(text_of(row.facts), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.slug}.yaml"'
    return response


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    """By file or by form; `do` says which was sent. `?from=` fills the form with what another device is."""
    if request.method != "POST":
        return _new(request, visit, _file_form(), _form_like(visit, request.GET.get("from", "")))
    if request.POST.get("do") == "file":
        return _from_file(request, visit)
    form, slug = NewDeviceForm(request.POST), request.POST.get("slug", "").strip()
    if slug and (said := course_devices.slug_fault(slug)):
        form.add_error("slug", said)
    if not form.is_valid():
        return _new(request, visit, _file_form(), form, status=422)
    try:
        row = course_devices.device_add(visit=visit, slug=slug, values=form.values())
    except AppError as error:
        form.add_error("slug" if error.code == "name_taken" else None, error.message)
        return _new(request, visit, _file_form(), form, status=error.http_status)
    return _made(request, row)


def _file_form(**initial: str) -> FileForm:
    """Beside the form on one page, so its fields have ids of their own."""
    return FileForm(initial=initial, auto_id="file_%s")


def _from_file(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Faults with their lines, and the text comes back to be mended in place."""
    slug, text = request.POST.get("slug", "").strip(), request.POST.get("text", "")
    name_faults = [Fault("", said)] if (said := course_devices.slug_fault(slug)) else []
    try:
        text = _sent(request).decode("utf-8-sig", "replace")
        profile_from_text(slug, text)  # all faults with their lines
        values, _ = values_of(text)
        row = course_devices.device_add(visit=visit, slug=slug, values=values)
    except ProfileFaults as error:
        return _refused(request, visit, text, name_faults + error.faults)
    except AppError as error:
        return _refused(request, visit, text, [Fault("", error.message)], error.http_status)
    return _made(request, row)


def _refused(request: HttpRequest, visit: Visit, text: str, faults: list[Fault], status: int = 422) -> HttpResponse:
    again = _file_form(slug=request.POST.get("slug", ""), text=text)
    return _new(request, visit, again, _form_like(visit, ""), faults, status=status)


def _sent(request: HttpRequest) -> bytes:
    """Raises what the upload handler refused, or BadInput (`no_file`, `too_large`)."""
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    upload = request.FILES.get("file")
    content = upload.read(MOST_TEXT_BYTES + 1) if upload else request.POST.get("text", "").encode()
    if not content.strip():
        raise BadInput(NO_FILE, code="no_file")
    if len(content) > MOST_TEXT_BYTES:
        raise BadInput(f"A profile has at most {MOST_TEXT_BYTES >> 10} KiB; this file is larger.", code="too_large")
    return content


def _made(request: HttpRequest, row: CourseDevice) -> HttpResponse:
    messages.success(request, f"{row.name} is here. A lab can name it as {row.slug}, and new runs are counted on it.")
    return redirect(row)


def _form_like(visit: Visit, slug: str) -> DeviceForm:
    profile = course_devices.profiles_of(visit.course, with_retired=True).get(slug)
    if profile is None:
        return NewDeviceForm(initial={"weights_in_ram": True, "tier": "mobile"})
    return NewDeviceForm(initial=_initial(profile))


def _initial(profile: DeviceProfile) -> dict[str, Any]:
    """Zeros stand for what nobody gave, so their fields stay empty."""
    held = {name: getattr(profile, name) for name in DeviceForm.base_fields}
    return {name: value for name, value in held.items() if value is False or value not in (0, "")}


def _new(
    request: HttpRequest,
    visit: Visit,
    file_form: FileForm,
    form: DeviceForm,
    faults: list[Fault] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "file_form": file_form, "form": form, "faults": faults or [],
        "from": request.GET.get("from", ""), "likes": list(course_devices.profiles_of(visit.course).values()),
    }  # fmt: skip
    return render(request, "hardware/new.html", context, status=status)


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, visit: Visit, own_device: str) -> HttpResponse:
    """Change, retire, take into use again, delete: `do` says which."""
    row = course_devices.device_of(visit.course, own_device)
    act = request.POST.get("do", "")
    if request.method == "POST" and act in ACTS:
        return _act(request, visit, row, act)
    if request.method != "POST":
        return _edit(request, visit, row, DeviceForm(initial=_held(row)), course_devices.last_change(row))
    form, seen = DeviceForm(request.POST), _seen(request)
    if not form.is_valid():
        return _edit(request, visit, row, form, seen, status=422)
    try:
        course_devices.device_change(visit=visit, slug=row.slug, values=form.values(), seen=seen)
    except AppError as error:
        form.add_error(None, error.message)
        return _edit(request, visit, row, form, seen, status=error.http_status)
    messages.success(request, f"{row.name} is changed. What was measured keeps its numbers.")
    return redirect(row)


def _held(row: CourseDevice) -> Values:
    try:
        return _initial(row.profile)
    except ProfileFaults:
        return dict(row.facts)


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


ACTS = {
    "retire": (course_devices.device_retire, "is retired. Older results keep their rows"),
    "restore": (course_devices.device_restore, "is in use again"),
    "delete": (course_devices.device_delete, "is deleted"),
}


def _act(request: HttpRequest, visit: Visit, row: CourseDevice, act: str) -> HttpResponse:
    service, words = ACTS[act]
    try:
        service(visit=visit, slug=row.slug)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect(row)
    messages.success(request, f"{row.name} {words}.")
    return redirect("hardware:index", course=visit.course.slug) if act == "delete" else redirect(row)


def _edit(
    request: HttpRequest, visit: Visit, row: CourseDevice, form: DeviceForm, seen: int, status: int = 200
) -> HttpResponse:
    context = {"row": row, "form": form, "seen": seen, "used": use_words(visit.course, row.slug)}
    return render(request, "hardware/edit.html", context, status=status)
