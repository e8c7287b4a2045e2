"""A roster file: choose it, look at what it would change, apply exactly that."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, Conflict, NotHere
from courseplatform.core.sheets.decode import MOST_BYTES
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.roster.forms import ImportForm
from courseplatform.roster.models import RosterImport
from courseplatform.roster.selectors.preview import preview
from courseplatform.roster.services.imports import plan_of, roster_import_apply, roster_import_create

WAITS = timedelta(days=7)  # how long a preview is offered again


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, visit: Visit) -> HttpResponse:
    form, refusal = (ImportForm(request) if request.method == "POST" else None), None
    if form is not None and form.is_valid():
        try:
            made = roster_import_create(
                visit=visit, data=form.data_of(MOST_BYTES), file_name=form.file_name, mail_domain=form.cleaned_data["mail_domain"]
            )  # fmt: skip
            return redirect("roster:import", course=visit.course.slug, roster_import=made.pk)
        except AppError as error:
            refusal = error
    return render(request, "roster/import.html", _form_page(visit, form, refusal), status=_status(form, refusal))


def _status(form: ImportForm | None, refusal: AppError | None) -> int:
    if refusal is not None:
        return refusal.http_status
    return 422 if form is not None and form.errors else 200


def _form_page(visit: Visit, form: ImportForm | None, refusal: AppError | None) -> dict[str, Any]:
    earlier = RosterImport.objects.filter(course=visit.course).select_related("made_by").defer("rows", "found")
    domain = earlier.exclude(mail_domain="").values_list("mail_domain", flat=True).first() or ""
    return {
        "form": form,
        "refusal": refusal,
        "mail_domain": form.data.get("mail_domain", "") if form else domain,
        "text": form.data.get("text", "") if form else "",
        "earlier": earlier.filter(status=RosterImport.Status.APPLIED)[:10],
        "waiting": earlier.filter(status=RosterImport.Status.PREVIEWED, made_at__gt=timezone.now() - WAITS)[:5],
    }


def _import_get(visit: Visit, pk: int) -> RosterImport:
    found = RosterImport.objects.filter(course=visit.course, pk=pk).select_related("course", "made_by").first()
    if found is None:
        raise NotHere("There is no such import in this course.")
    return found


@course_page(STAFF)
@require_safe
def show(request: HttpRequest, visit: Visit, roster_import: int) -> HttpResponse:
    """The preview, or what was applied."""
    return _import_page(request, _import_get(visit, roster_import))


def _import_page(request: HttpRequest, found: RosterImport, error: AppError | None = None) -> HttpResponse:
    if found.status == RosterImport.Status.APPLIED:
        return render(request, "roster/import_applied.html", {"import": found})
    context = preview(found, plan_of(found)) | {"error": error}
    return render(request, "roster/import_preview.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_POST
def apply(request: HttpRequest, visit: Visit, roster_import: int) -> HttpResponse:
    found = _import_get(visit, roster_import)
    drop = [int(pk) for pk in request.POST.getlist("drop") if pk.isdecimal() and len(pk) < 19]
    try:
        found = roster_import_apply(
            visit=visit, roster_import=found, digest=request.POST.get("digest", ""), drop=drop,
            invite=request.POST.get("invite") == "on",
        )  # fmt: skip
    except Conflict as error:
        return _import_page(request, found, error)
    messages.success(request, "The list is applied.")
    return redirect("roster:import", course=visit.course.slug, roster_import=found.pk)
