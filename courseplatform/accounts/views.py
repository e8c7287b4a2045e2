"""The profile, one's password, and the ready accounts of the demo."""

from allauth.account import views as allauth
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.adapter import refuse_demo
from courseplatform.accounts.exporting import export_sections, export_stream
from courseplatform.accounts.forms import ZONES, ProfileForm
from courseplatform.accounts.models import User
from courseplatform.core.audience import public, signed_in
from courseplatform.core.errors import NotHere


@public
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """One click into an invented account. Exists only in demo mode, and only for accounts that the demo made."""
    person = User.objects.filter(email=request.POST.get("email", ""), is_demo=True, is_active=True).first()
    if not settings.DEMO or person is None:
        raise NotHere("There is no such demo account.")
    login(request, person)
    return redirect(reverse("front"))


@signed_in
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, gettext("Saved. Times are now shown in your zone."))
        return HttpResponseRedirect(reverse("accounts:profile"))
    return render(request, "accounts/profile.html", {"form": form, "zones": ZONES}, status=422 if form.errors else 200)


@signed_in
def password_change(request: HttpRequest) -> HttpResponseBase:
    """allauth's page, for accounts that have a password. Who has none yet gets the first one by mail."""
    assert isinstance(request.user, User)
    refuse_demo(request.user)
    if not request.user.has_usable_password():
        return redirect(reverse("account_reset_password"))
    changed: HttpResponseBase = allauth.password_change(request)
    return changed


@signed_in
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """What a person's export holds, and the button that gives it."""
    return render(request, "accounts/export.html", {"sections": export_sections()})


@signed_in
@require_POST
def export_download(request: HttpRequest) -> HttpResponseBase:
    """The ZIP of whoever asks, and of nobody else; it is made while it is sent."""
    assert isinstance(request.user, User)
    response = StreamingHttpResponse(export_stream(request.user), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="milliamp-export.zip"'
    response["Cache-Control"] = "private, no-store"
    return response
