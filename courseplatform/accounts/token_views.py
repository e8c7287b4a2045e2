"""The page of one's access tokens: what there is, make one, see its secret once, revoke it. Only for the browser's session."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from courseplatform.accounts.models import Scope, User
from courseplatform.accounts.names import clean_name
from courseplatform.accounts.reauthentication import fresh_to_send
from courseplatform.accounts.second_factor.gate import factor_gate
from courseplatform.accounts.session_facts import facts_of
from courseplatform.accounts.tokens import LONGEST, token_create, token_revoke, token_rows, usual_expiry
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import AppError
from courseplatform.core.form_fields import DayField

MEANING = {
    Scope.READ: "courses, assignments, receipts, runs and results, as far as you see them",
    Scope.HAND_IN: "new attempts in your name",
    Scope.HARDWARE: "damage that you report; for the staff also kits, damage cases and counts",
}


class TokenForm(forms.Form):
    name = forms.CharField(max_length=60, error_messages={"required": _("Give the token a name: where it is used.")})
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, error_messages={"required": _("Choose what the token may do.")}
    )
    expires_on = DayField(error_messages={"required": _("Choose the last day on which it works.")})

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_expires_on(self) -> datetime:
        """The end of that day, where the person lives."""
        day = self.cleaned_data["expires_on"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_to_send
def tokens(request: HttpRequest) -> HttpResponse:
    """The secret stands in the answer to the form and nowhere else: no session and no message keeps it."""
    assert isinstance(request.user, User)
    if facts_of(request)["is_staff"] and (elsewhere := factor_gate(request)):
        return elsewhere  # a token of the staff opens what their session does
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, request.user, form, status=422 if form.errors else 200)
    given = form.cleaned_data
    try:
        token, secret = token_create(
            person=request.user, name=given["name"], scopes=given["scopes"], expires_at=given["expires_on"]
        )
    except AppError as error:
        return _page(request, request.user, form, status=error.http_status, error=error)
    return _page(request, request.user, TokenForm(), status=201, made=token, secret=secret)


def _page(request: HttpRequest, person: User, form: TokenForm, *, status: int, **context: Any) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    chosen = request.POST.getlist("scopes") if form.is_bound else [Scope.READ.value]
    context |= {
        "form": form,
        "rows": token_rows(person, now),
        "scopes": [
            {"value": scope.value, "label": scope.label, "meaning": MEANING[scope], "chosen": scope in chosen}
            for scope in Scope
        ],
        "expires_on": form.data.get("expires_on") or usual_expiry(person, today).isoformat(),
        "first_day": today.isoformat(),
        "last_day": (today + LONGEST - timedelta(days=1)).isoformat(),
    }
    return render(request, "accounts/tokens.html", context, status=status)


@signed_in
@require_POST
def revoke(request: HttpRequest, token: int) -> HttpResponse:
    assert isinstance(request.user, User)
    found = token_revoke(person=request.user, token=token)
    messages.success(request, f"{found.name} is revoked: it opens nothing any more.")
    return redirect("accounts:tokens")
