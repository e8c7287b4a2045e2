"""Joining two accounts of one person: by the person, who proves to own both, or by an operator."""

import time
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.merging import account_merge, account_merge_preview
from courseplatform.accounts.models import User
from courseplatform.accounts.reauthentication import fresh
from courseplatform.accounts.second_factor.gate import factor_gate
from courseplatform.accounts.session_facts import has_factor
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden

PROVED, GOOD_FOR_S = "merge_proved", 600


class ProofForm(forms.Form):
    """Address and password of the other account. Wrong ones count as failed sign-ins, and are slowed down like those."""

    email = forms.EmailField(error_messages={"required": _("Write the address of the other account.")})
    password = forms.CharField(strip=False, error_messages={"required": _("Write the password of the other account.")})
    other: User

    def __init__(self, data: Any, request: HttpRequest) -> None:
        super().__init__(data)
        self.request = request

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            found = get_adapter().authenticate(
                self.request, email=cleaned["email"].lower(), password=cleaned["password"]
            )
            if not isinstance(found, User):
                raise forms.ValidationError(_("No account has this address and this password. Check both."))
            if has_factor(found):
                message = _(
                    "That account has a second factor, so its password alone does not open it. Remove the factor there first, or ask an operator."
                )
                raise forms.ValidationError(message, code="second_factor")
            self.other = found
        return cleaned


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@fresh
def merge(request: HttpRequest) -> HttpResponse:
    """The account one is signed in with stays; the other becomes an alias of it."""
    assert isinstance(request.user, User)
    step = request.POST.get("step", "")
    try:
        if step == "join":
            return _join(request, request.user)
        if step in ("look", "operator"):
            return _as_operator(request, request.user, is_final=step == "operator")
        if step == "prove":
            return _prove(request, request.user)
    except AppError as error:
        return _page(request, error=error)
    return _page(request)


def _page(request: HttpRequest, error: AppError | None = None, **context: Any) -> HttpResponse:
    form = context.get("form")
    status = error.http_status if error else 422 if form and form.errors else 200
    return render(request, "accounts/merge.html", context | {"error": error, "typed": request.POST}, status=status)


def _prove(request: HttpRequest, person: User) -> HttpResponse:
    form = ProofForm(request.POST, request)
    if not form.is_valid():
        return _page(request, form=form)
    report = account_merge_preview(winner=person, loser=form.other)
    request.session[PROVED] = [form.other.pk, time.time()]
    return _page(request, winner=person, loser=form.other, report=report, step="join")


def _join(request: HttpRequest, person: User) -> HttpResponse:
    pk, at = request.session.pop(PROVED, (0, 0.0))
    other = User.objects.filter(pk=pk).first()
    if other is None or time.time() - at > GOOD_FOR_S:
        raise Conflict(
            "The proof is older than ten minutes. Sign in to the other account here once more.", code="proof_too_old"
        )
    account_merge(winner=person, loser=other, by=person.email, why="the owner of both")
    messages.success(request, f"{other.email} is now part of this account.")
    return redirect("accounts:profile")


def _as_operator(request: HttpRequest, person: User, *, is_final: bool) -> HttpResponse:
    if not person.is_operator:
        raise Forbidden("Only operators join accounts of others.", code="operators_only")
    if elsewhere := factor_gate(request):  # whoever joins an account to the own one has it
        return elsewhere
    winner, loser = (_account(request.POST.get(name, "")) for name in ("keep", "other"))
    why = request.POST.get("why", "").strip()
    if not why:
        raise BadInput("Write why: it stays in the record of both accounts.", code="no_reason")
    if is_final:
        account_merge(winner=winner, loser=loser, by=person.email, why=why)
        messages.success(request, f"{loser.email} is now part of {winner.email}.")
        return redirect("accounts:merge")
    report = account_merge_preview(winner=winner, loser=loser)
    return _page(request, winner=winner, loser=loser, report=report, why=why, step="operator")


def _account(email: str) -> User:
    email = email.strip().lower()
    found = User.objects.filter(email=email[:254].replace("\x00", "")).first()
    if found is None:
        raise BadInput(f"No account has the address {email[:80] or '(empty)'}.", code="no_such_account")
    return found
