"""The other end of an invitation's link: choose a password, and be in."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.password_forms import NewPasswordForm
from courseplatform.core.audience import public
from courseplatform.core.errors import Conflict
from courseplatform.roster.models import Invitation
from courseplatform.roster.services.invitations import hash_of, invitation_accept, needs_invitation

BACKEND = "courseplatform.accounts.backends.AccountBackend"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, course: str, token: str) -> HttpResponse:
    """Whoever holds the link may choose the first password of the account, once."""
    found = Invitation.objects.filter(token_hash=hash_of(token), enrolment__course__slug=course)
    row = found.select_related("enrolment__person", "enrolment__course").first()
    if row is None or not row.is_open(timezone.now()) or not needs_invitation(row.enrolment.person):
        return _works_no_more(request, row)
    person = row.enrolment.person
    form = NewPasswordForm(request.POST or None, user=person)
    if request.method == "POST" and form.is_valid():
        try:
            person = invitation_accept(invitation=row, form=form)
        except Conflict:
            return _works_no_more(request, row)
        login(request, person, backend=BACKEND)
        messages.success(request, "Your password is saved, and you are signed in.")
        return redirect(row.enrolment.course)
    context = {"form": form, "invited": person, "invitation": row, "of": row.enrolment.course}
    return render(request, "roster/invitation.html", context, status=422 if form.errors else 200)


def _works_no_more(request: HttpRequest, row: Invitation | None) -> HttpResponse:
    """410, and what to do. Whose link it was is said to nobody."""
    return render(request, "roster/invitation_gone.html", {"is_accepted": row is not None and row.accepted_at is not None}, status=410)  # fmt: skip
