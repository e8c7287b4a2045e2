"""What operators write and do. Each act is real, says what it means before, and stands in the log afterwards."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import operators
from courseplatform.status.forms import IncidentForm, NoticeForm
from courseplatform.status.models import Incident, SiteNotice
from courseplatform.status.selectors.now import state
from courseplatform.status.selectors.page import looker_of
from courseplatform.status.selectors.past import past
from courseplatform.status.services import notices


def _forget() -> None:
    """Who wrote sees it at once; other processes within five seconds."""
    state.forget()
    past.forget()


def _form_page(request: HttpRequest, form: forms.Form, what: dict[str, str], error: AppError | None = None) -> HttpResponse:  # fmt: skip
    status = error.http_status if error else 400 if form.errors else 200
    return render(request, "status/form.html", {"form": form, "error": error, **what}, status=status)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, person: User) -> HttpResponse:
    what = {"title": "Write a notice", "button": "Show it on every page"}
    with timezone.override(looker_of(person).zone):
        form = NoticeForm(request.POST or None, initial={"starts_at": timezone.localtime()})
        if request.method != "POST" or not form.is_valid():
            return _form_page(request, form, what)
        try:
            notices.notice_write(person=person, **form.cleaned_data)
        except AppError as error:
            return _form_page(request, form, what, error)
    _forget()
    messages.success(request, "The notice stands on every page within 15 seconds")
    return redirect("status:index")


@operators
@require_POST
def take_back(request: HttpRequest, person: User, site_notice: int) -> HttpResponse:
    row = SiteNotice.objects.filter(pk=site_notice).first()
    if row is None:
        raise NotHere("There is no such notice.")
    notices.notice_take_back(person=person, notice=row)
    _forget()
    messages.success(request, "The notice is taken back")
    return redirect("status:index")


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def incident(request: HttpRequest, person: User) -> HttpResponse:
    what = {"title": "Write an incident", "button": "Write it down"}
    with timezone.override(looker_of(person).zone):
        form = IncidentForm(request.POST or None, initial={"opened_at": timezone.localtime()})
        if request.method != "POST" or not form.is_valid():
            return _form_page(request, form, what)
        try:
            notices.incident_write(person=person, **form.cleaned_data)
        except AppError as error:
            return _form_page(request, form, what, error)
    _forget()
    messages.success(request, "The incident stands on the status page")
    return redirect("status:incidents")


@operators
@require_POST
def close(request: HttpRequest, person: User, site_incident: int) -> HttpResponse:
    row = Incident.objects.filter(pk=site_incident, rule="").first()
    if row is None:
        raise NotHere("There is no such incident that somebody wrote. Those of rules end by themselves.")
    notices.incident_close(person=person, incident=row, says="")
    _forget()
    messages.success(request, "The incident is closed")
    return redirect("status:incidents")


@operators
@require_POST
def act(request: HttpRequest, person: User, act: str) -> HttpResponse:
    done: Any = notices.act_do(person=person, key=act)
    _forget()
    messages.success(request, str(done))
    return redirect("status:index")
