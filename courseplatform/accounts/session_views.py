"""The page of where one is signed in: browsers and access tokens, each with the button that ends it. Only for the browser's session."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.accounts.security.events import events_of
from courseplatform.accounts.session_facts import facts_of
from courseplatform.accounts.sessions import browsers_of, session_end, sessions_end
from courseplatform.accounts.tokens import token_rows
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import BadInput


@signed_in
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    browsers = browsers_of(request.user, request.session.session_key)
    rows = token_rows(request.user, timezone.now())
    context = {
        "browsers": browsers,
        "rows": rows,
        "events": events_of(request.user),
        "session_days": settings.SESSION_DAYS,
        "staff_idle_hours": settings.STAFF_IDLE_HOURS if facts_of(request)["is_staff"] else 0,
    }
    return render(request, "accounts/sessions.html", context)


@signed_in
@require_POST
def session_sign_out(request: HttpRequest, browser: int) -> HttpResponse:
    assert isinstance(request.user, User)
    row = session_end(person=request.user, signed_in=browser)
    if row.session_key == request.session.session_key:
        logout(request)
        return redirect("front")
    messages.success(request, f"{row.browser} is signed out.")
    return redirect("accounts:sessions")


@signed_in
@require_POST
def sessions_sign_out(request: HttpRequest) -> HttpResponse:
    """`where`: `others`, or `everywhere` with this browser."""
    assert isinstance(request.user, User)
    where = request.POST.get("where")
    if where not in ("others", "everywhere"):
        raise BadInput("Say where to sign out: in the other browsers, or everywhere.", code="unknown_choice")
    if where == "everywhere":
        sessions_end(person=request.user)
        logout(request)
        return redirect("front")
    count = sessions_end(person=request.user, but=request.session.session_key)
    update_session_auth_hash(request, request.user)
    messages.success(request, f"Signed out everywhere else: {count} other browser{'' if count == 1 else 's'}.")
    return redirect("accounts:sessions")
