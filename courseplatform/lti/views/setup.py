"""Pages of the operators: which LMS is believed, our addresses and keys. And what an LMS reads about us."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.accounts.reauthentication import fresh, fresh_to_send
from courseplatform.core.audience import public
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import operators
from courseplatform.lti.forms import PlatformForm
from courseplatform.lti.models import Platform, ToolKey
from courseplatform.lti.services.keys import key_rotate
from courseplatform.lti.services.platforms import deployment_add, deployment_switch, platform_save, platform_switch
from courseplatform.lti.services.registering import invite_make, invites_open
from courseplatform.lti.services.tool_facts import canvas_json, tool_addresses


@operators
@require_safe
def index(request: HttpRequest, person: User) -> HttpResponse:
    """What is there, and the addresses that an LMS asks for."""
    return _index(request)


def _index(request: HttpRequest, **more: Any) -> HttpResponse:
    context = {
        "platforms": Platform.objects.annotate(courses=Count("deployments__links")),
        "addresses": tool_addresses(),
        "keys": ToolKey.objects.all(),
        "invites": invites_open(),
    }
    return render(request, "lti/index.html", context | more)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_to_send
def new(request: HttpRequest, person: User) -> HttpResponse:
    return _edit(request, person, None)


@operators
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_to_send
def platform(request: HttpRequest, person: User, lti_platform: int) -> HttpResponse:
    """One platform: what is known of it, its deployments, and the switch."""
    found = Platform.objects.filter(pk=lti_platform).first()
    if found is None:
        raise NotHere("There is no such platform.")
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act in ("", "save"):
        return _edit(request, person, found)
    try:
        _act(request, person, found, act)
    except AppError as error:
        return _page(request, found, PlatformForm(instance=found), error)
    return redirect("lti:platform", lti_platform=found.pk)


def _act(request: HttpRequest, person: User, found: Platform, act: str) -> None:
    pk = request.POST.get("deployment", "")
    if act == "deployment":
        deployment_add(platform=found, deployment_id=request.POST.get("deployment_id", ""))
        messages.success(request, "The deployment is listed")
    elif act in ("deployment_off", "deployment_on") and pk.isdecimal() and len(pk) < 19:
        deployment_switch(platform=found, pk=int(pk), on=act == "deployment_on")
    elif act in ("off", "on"):
        platform_switch(person=person, platform=found, on=act == "on")
        messages.success(request, f"{found.name} is switched {act}")


def _edit(request: HttpRequest, person: User, found: Platform | None) -> HttpResponse:
    form, error = PlatformForm(request.POST if request.method == "POST" else None, instance=found), None
    if request.method == "POST" and form.is_valid():
        try:
            saved = platform_save(person=person, facts=form.cleaned_data, platform=found)
        except AppError as refused:
            error = refused
        else:
            messages.success(request, f"{saved.name} is saved")
            return redirect("lti:platform", lti_platform=saved.pk)
    return _page(request, found, form, error)


def _page(request: HttpRequest, found: Platform | None, form: PlatformForm, error: AppError | None) -> HttpResponse:
    status = error.http_status if error else 422 if form.errors else 200
    deployments = found.deployments.prefetch_related("links__course") if found and found.pk else []
    context = {
        "platform": found if found and found.pk else None,
        "form": form,
        "error": error,
        "deployments": deployments,
    }
    return render(request, "lti/platform.html", context, status=status)


@operators
@require_POST
@fresh
def rotate(request: HttpRequest, person: User) -> HttpResponse:
    key_rotate(by=person.email)
    messages.success(request, "A new key signs from now on; the old one stays in the key set for 30 days")
    return redirect("lti:index")


@operators
@require_POST
@fresh
def invite(request: HttpRequest, person: User) -> HttpResponse:
    """The address is shown once, in this answer."""
    return _index(request, invited=invite_make(by=person.email))


@public
@require_safe
def canvas(request: HttpRequest) -> HttpResponse:
    return JsonResponse(canvas_json())
